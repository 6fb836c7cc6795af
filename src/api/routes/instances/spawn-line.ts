/** /spawn/SERVICE/--id=ID: a one-line form for a signup hook that calls curl. */

import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { InstanceView, SupervisorVerbs } from '../../../core/verbs/verbs.ts';
import { TenementError } from '../../../errors.ts';
import { needs } from '../../access/authorize.ts';
import type { ApiContext } from '../../context.ts';
import { noBody, spawnAnswers, spawnLineParams, spawnLineQuery } from '../../schemas/instances.ts';
import type { Api } from '../../zod-provider.ts';
import { registeredStatus } from '../registered-status.ts';

interface SpawnLine {
  readonly service: string;
  readonly id: string;
  readonly start?: boolean | undefined;
  readonly wait?: boolean | undefined;
}

const schema = {
  summary: 'Register and start an instance, as POST /api/instances does',
  params: spawnLineParams,
  querystring: spawnLineQuery,
  response: spawnAnswers,
};

export function spawnLineRoutes(api: Api, context: ApiContext): void {
  const { supervisor } = context.deps;
  const config = { ...needs('manage', 'registration'), changesState: true };
  const literal = '/spawn/:service/--id=:id';
  api.get(literal, { config, schema }, async (request, reply) => {
    return spawnLine(supervisor.by(request.access.actor), { ...request.params, ...request.query }, reply);
  });
  api.post(literal, { config, schema: { ...schema, body: noBody } }, async (request, reply) => {
    return spawnLine(supervisor.by(request.access.actor), { ...request.params, ...request.query }, reply);
  });
  // The router compares literal parts before it decodes `%3D`, but a parameter arrives decoded.
  api.route({
    method: ['GET', 'POST'],
    url: '/spawn/:service/:id',
    config,
    schema: { params: spawnLineParams, querystring: spawnLineQuery, hide: true },
    handler: async (request, reply) => {
      const { service, id } = request.params;
      const line = { service, id: idOf(id), ...request.query };
      return spawnLine(supervisor.by(request.access.actor), line, reply);
    },
  });
}

function idOf(segment: string): string {
  if (segment.startsWith('--id=')) return segment.slice('--id='.length);
  throw new TenementError('not_found', `${JSON.stringify(segment.slice(0, 80))} is not --id=ID`);
}

async function spawnLine(
  verbs: SupervisorVerbs,
  line: SpawnLine,
  reply: { code(status: number): unknown },
): Promise<InstanceView> {
  const { service, id, start, wait } = line;
  assertTenantId(id);
  const spawned = await verbs.spawn(service, id, { start, wait });
  reply.code(registeredStatus([spawned.view], spawned.created, line));
  return spawned.view;
}
