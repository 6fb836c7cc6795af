/**
 * /api/instances/:instance/exec: how to run a command for an instance. Control socket only, because the response
 * contains the environment with its secrets, and only a process of the server's user on this machine can run the
 * command.
 */

import { namedInstance } from '../../core/lifecycle/instance.ts';
import type { ApiContext } from '../context.ts';
import { execBody, instanceParams } from '../schemas.ts';
import type { Api } from '../zod-provider.ts';

export function execRoutes(api: Api, { deps }: ApiContext): void {
  api.post(
    '/api/instances/:instance/exec',
    { schema: { hide: true, params: instanceParams, body: execBody } },
    async (request) => deps.prepareCommand(namedInstance(request.params.instance), request.body),
  );
}
