/** /api/tenants: tenants as a whole. */

import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { SupervisorFace } from '../../../core/verbs/supervisor-face.ts';
import { sees } from '../../access/access.ts';
import { needs } from '../../access/authorize.ts';
import { shownTo } from '../../access/tenant-shown.ts';
import { assertMaySetTerms } from '../../access/terms.ts';
import type { ApiContext } from '../../context.ts';
import { noBody, noContent, problemAnswer, startBody } from '../../schemas/instances.ts';
import {
  changeTenantBody,
  createTenantBody,
  removeTenantQuery,
  tenantParams,
  tenantSchema,
  tenantsQuery,
  tenantsSchema,
} from '../../schemas/tenants.ts';
import type { Api } from '../../zod-provider.ts';
import { hasHookFailed, registeredStatus } from '../registered-status.ts';

const answers = { 200: tenantSchema, '4xx': problemAnswer, '5xx': problemAnswer };

export function tenantRoutes(api: Api, context: ApiContext): void {
  const { supervisor } = context.deps;
  readRoutes(api, supervisor);
  createRoute(api, supervisor);
  changeRoute(api, supervisor);
  verbRoutes(api, supervisor);
  provisionRoute(api, supervisor);
  removeRoute(api, supervisor);
}

function readRoutes(api: Api, supervisor: SupervisorFace): void {
  api.get(
    '/api/tenants',
    {
      config: needs('read', 'visible'),
      schema: {
        summary: 'List tenants, by id',
        querystring: tenantsQuery,
        response: { 200: tenantsSchema, '4xx': problemAnswer },
      },
    },
    async ({ access, query: { label: labels, ...query } }) => {
      const { tenants, next } = supervisor.tenants.list({
        ...query,
        labels,
        isSeen: (tenantId) => sees(access, { service: null, tenantId }),
      });
      return { tenants: tenants.map((view) => shownTo(access, view)), next };
    },
  );
  api.get(
    '/api/tenants/:tenant',
    {
      config: needs('read', 'tenant'),
      schema: { summary: 'Get a tenant', params: tenantParams, response: { 200: tenantSchema, '4xx': problemAnswer } },
    },
    async ({ access, params }) => shownTo(access, supervisor.tenants.get(params.tenant)),
  );
}

function createRoute(api: Api, supervisor: SupervisorFace): void {
  api.post(
    '/api/tenants',
    {
      config: needs('manage', 'server'),
      schema: {
        summary:
          'Register a tenant, run its hooks and start its services; 200 if it was registered before, 502 if a hook or a start has failed',
        body: createTenantBody,
        response: { ...answers, 201: tenantSchema, 502: tenantSchema },
      },
    },
    async (request, reply) => {
      const { id, ...options } = request.body;
      assertTenantId(id);
      const { view, created, instances } = await supervisor.tenants.by(request.access.actor).create(id, options);
      reply.code(hasHookFailed(view, options) ? 502 : registeredStatus(instances, created, options));
      return view;
    },
  );
}

function changeRoute(api: Api, supervisor: SupervisorFace): void {
  api.patch(
    '/api/tenants/:tenant',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary:
          "Change a tenant's plan, expiry, labels or variables; running instances follow without a failed request",
        params: tenantParams,
        body: changeTenantBody,
        response: answers,
      },
    },
    async ({ access, params, body }) => {
      assertMaySetTerms(access, body);
      return shownTo(access, await supervisor.tenants.by(access.actor).set(params.tenant, body));
    },
  );
}

function verbRoutes(api: Api, supervisor: SupervisorFace): void {
  api.post(
    '/api/tenants/:tenant/stop',
    {
      config: needs('operate', 'tenant'),
      schema: {
        summary: 'Stop all instances of a tenant until an operator starts it',
        params: tenantParams,
        body: noBody,
        response: answers,
      },
    },
    async ({ access, params }) => shownTo(access, await supervisor.tenants.by(access.actor).stop(params.tenant)),
  );
  api.post(
    '/api/tenants/:tenant/start',
    {
      config: needs('operate', 'tenant'),
      schema: { summary: 'Start all instances of a tenant', params: tenantParams, body: startBody, response: answers },
    },
    async ({ access, params, body }) =>
      shownTo(access, await supervisor.tenants.by(access.actor).start(params.tenant, { wait: body?.wait })),
  );
}

function provisionRoute(api: Api, supervisor: SupervisorFace): void {
  api.post(
    '/api/tenants/:tenant/provision',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary: 'Try at once what of its hooks, its directory or its purge is incomplete; 502 if that failed again',
        params: tenantParams,
        body: noBody,
        response: { ...answers, 502: tenantSchema },
      },
    },
    async (request, reply) => {
      const view = await supervisor.tenants.by(request.access.actor).provision(request.params.tenant);
      reply.code(view.provisioning?.failed == null ? 200 : 502);
      return shownTo(request.access, view);
    },
  );
}

function removeRoute(api: Api, supervisor: SupervisorFace): void {
  api.delete(
    '/api/tenants/:tenant',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary: 'Stop and unregister a tenant with all its instances',
        params: tenantParams,
        querystring: removeTenantQuery,
        response: { 204: noContent, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      await supervisor.tenants.by(request.access.actor).remove(tenant, { purge: request.query.purge });
      return reply.code(204).send();
    },
  );
}
