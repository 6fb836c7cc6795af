/** /api/instances: the verbs of the supervisor. */

import { type InstanceName, namedInstance, parseInstanceName } from '../../../core/lifecycle/instance.ts';
import { hasStartFailed } from '../../../core/lifecycle/start-outcome.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { SupervisorFace } from '../../../core/verbs/supervisor-face.ts';
import { TenementError, toTenementError } from '../../../errors.ts';
import { sees } from '../../access/access.ts';
import { needs } from '../../access/authorize.ts';
import { assertMaySetTerms } from '../../access/terms.ts';
import type { ApiContext } from '../../context.ts';
import {
  changeInstanceBody,
  instanceParams,
  instanceSchema,
  instancesQuery,
  instancesSchema,
  noBody,
  noContent,
  problemAnswer,
  removeQuery,
  spawnAnswers,
  spawnBody,
  startBody,
} from '../../schemas/instances.ts';
import type { Api } from '../../zod-provider.ts';
import { registeredStatus } from '../registered-status.ts';

const VERBS = {
  stop: 'Stop an instance until an operator starts it',
  restart: 'Restart an instance without failing a request',
  sleep: 'Put an instance to sleep; the next request wakes it',
} as const;

export function instanceRoutes(api: Api, context: ApiContext): void {
  const { supervisor } = context.deps;
  readRoutes(api, supervisor);
  spawnRoute(api, supervisor);
  startRoute(api, supervisor);
  for (const verb of ['stop', 'restart', 'sleep'] as const) verbRoute(api, supervisor, verb);
  changeRoute(api, supervisor);
  removeRoute(api, supervisor);
}

function readRoutes(api: Api, supervisor: SupervisorFace): void {
  api.get(
    '/api/instances',
    {
      config: needs('read', 'visible'),
      schema: {
        summary: 'List instances by name, all or in pages',
        querystring: instancesQuery,
        response: { 200: instancesSchema, '4xx': problemAnswer },
      },
    },
    async ({ access, query: { limit, after } }) =>
      supervisor.page({
        limit,
        after: after === undefined ? undefined : startOfPage(after),
        isSeen: (instance) => sees(access, parseInstanceName(instance)),
      }),
  );
  api.get(
    '/api/instances/:instance',
    {
      config: needs('read', 'instance'),
      schema: {
        summary: 'Get an instance',
        params: instanceParams,
        response: { 200: instanceSchema, '4xx': problemAnswer },
      },
    },
    async (request) => supervisor.get(namedInstance(request.params.instance)),
  );
}

/** @throws {TenementError} `bad_input` */
function startOfPage(after: string): InstanceName {
  try {
    return namedInstance(after);
  } catch (error) {
    const { message } = toTenementError(error);
    throw new TenementError('bad_input', `after: ${message}`, {
      hint: 'Send `next` of the page before, or no `after`.',
    });
  }
}

function spawnRoute(api: Api, supervisor: SupervisorFace): void {
  api.post(
    '/api/instances',
    {
      config: needs('manage', 'registration'),
      schema: {
        summary: 'Register and start an instance; 200 if it was registered before, 502 if its start has failed',
        body: spawnBody,
        response: spawnAnswers,
      },
    },
    async (request, reply) => {
      const { service, id, ...options } = request.body;
      assertTenantId(id);
      assertMaySetTerms(request.access, options);
      const spawned = await supervisor.by(request.access.actor).spawn(service, id, options);
      reply.code(registeredStatus([spawned.view], spawned.created, options));
      return spawned.view;
    },
  );
}

function startRoute(api: Api, supervisor: SupervisorFace): void {
  api.post(
    '/api/instances/:instance/start',
    {
      config: needs('operate', 'instance'),
      schema: {
        summary: 'Start an instance',
        params: instanceParams,
        body: startBody,
        response: { 200: instanceSchema, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async (request) => {
      const verbs = supervisor.by(request.access.actor);
      return verbs.start(namedInstance(request.params.instance), { wait: request.body?.wait });
    },
  );
}

function verbRoute(api: Api, supervisor: SupervisorFace, verb: keyof typeof VERBS): void {
  api.post(
    `/api/instances/:instance/${verb}`,
    {
      config: needs('operate', 'instance'),
      schema: {
        summary: VERBS[verb],
        params: instanceParams,
        body: noBody,
        response: { 200: instanceSchema, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async (request) => supervisor.by(request.access.actor)[verb](namedInstance(request.params.instance)),
  );
}

function changeRoute(api: Api, supervisor: SupervisorFace): void {
  api.patch(
    '/api/instances/:instance',
    {
      config: needs('manage', 'instance'),
      schema: {
        summary:
          'Change variables and limits of an instance; it restarts without a failed request only where it must. 502 if that start has failed',
        params: instanceParams,
        body: changeInstanceBody,
        response: { 200: instanceSchema, 502: instanceSchema, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async (request, reply) => {
      assertMaySetTerms(request.access, request.body);
      const verbs = supervisor.by(request.access.actor);
      const view = await verbs.set(namedInstance(request.params.instance), request.body);
      reply.code(hasStartFailed(view, false) ? 502 : 200);
      return view;
    },
  );
}

function removeRoute(api: Api, supervisor: SupervisorFace): void {
  api.delete(
    '/api/instances/:instance',
    {
      config: needs('manage', 'instance'),
      schema: {
        summary: 'Unregister an instance',
        params: instanceParams,
        querystring: removeQuery,
        response: { 204: noContent, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async (request, reply) => {
      const verbs = supervisor.by(request.access.actor);
      await verbs.remove(namedInstance(request.params.instance), { purge: request.query.purge });
      return reply.code(204).send();
    },
  );
}
