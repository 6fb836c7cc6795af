/**
 * /api/instances/:instance/exec: how to run a command for an instance. Control socket only, because the response
 * contains the environment with its secrets, and only a process of the server's user on this machine can run the
 * command.
 */

import { namedInstance } from '../../../core/lifecycle/instance.ts';
import { needs } from '../../access/authorize.ts';
import type { ApiContext } from '../../context.ts';
import { execBody, instanceParams } from '../../schemas/instances.ts';
import type { Api } from '../../zod-provider.ts';

export function execRoutes(api: Api, { deps }: ApiContext): void {
  api.post(
    '/api/instances/:instance/exec',
    { config: needs('manage', 'instance'), schema: { hide: true, params: instanceParams, body: execBody } },
    async ({ access, params, body }) =>
      deps.supervisor.by(access.actor).prepareCommand(namedInstance(params.instance), body),
  );
}
