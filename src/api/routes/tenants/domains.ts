/** /api/domains: domains of tenants' own. */
import type { FastifyRequest } from 'fastify';
import { assertTenantId, unknownTenant } from '../../../core/tenants/tenant.ts';
import type { DomainPage, DomainQuery, DomainVerbs } from '../../../core/verbs/domain-verbs.ts';
import { type Access, sees } from '../../access/access.ts';
import { needs } from '../../access/authorize.ts';
import type { ApiContext } from '../../context.ts';
import {
  addDomainBody,
  chosenDomainQuery,
  domainParams,
  domainSchema,
  domainsQuery,
  domainsSchema,
} from '../../schemas/domains.ts';
import { noBody, noContent, problemAnswer } from '../../schemas/instances.ts';
import type { Api } from '../../zod-provider.ts';

const answers = { 200: domainSchema, '4xx': problemAnswer, '5xx': problemAnswer };

export function domainRoutes(api: Api, context: ApiContext): void {
  const { supervisor } = context.deps;
  const verbsOf = ({ access }: FastifyRequest) =>
    supervisor.domains.by(access.actor, (subject) => sees(access, subject));
  listRoute(api, (query) => supervisor.domains.list(query));
  addRoute(api, context, verbsOf);
  oneRoutes(api, verbsOf);
}

function listRoute(api: Api, list: (query: DomainQuery) => DomainPage): void {
  api.get(
    '/api/domains',
    {
      config: needs('read', 'visible'),
      schema: {
        summary: 'List domains, by name',
        querystring: domainsQuery,
        response: { 200: domainsSchema, '4xx': problemAnswer },
      },
    },
    async ({ access, query }) => {
      const visible = within(access, query);
      return visible === null ? { domains: [], next: null } : list(visible);
    },
  );
}

/** Reduces a query to what the caller may see; null: to nothing. */
function within({ grants: { scope } }: Access, query: DomainQuery): DomainQuery | null {
  if (scope.kind === 'admin') return query;
  if (scope.kind === 'service') return { ...query, service: scope.service };
  return query.tenant === undefined || query.tenant === scope.tenantId ? { ...query, tenant: scope.tenantId } : null;
}

function addRoute(api: Api, { deps }: ApiContext, verbsOf: (request: FastifyRequest) => DomainVerbs): void {
  api.post(
    '/api/domains',
    {
      config: needs('manage', 'visible'),
      schema: {
        summary: 'Give a tenant a domain; 200 if it had the domain before',
        body: addDomainBody,
        response: { ...answers, 201: domainSchema },
      },
    },
    async (request, reply) => {
      const { tenant, domain, ...options } = request.body;
      assertTenantId(tenant);
      const service = options.service ?? deps.config().proxy.defaultService;
      if (!sees(request.access, { service, tenantId: tenant })) throw unknownTenant(tenant);
      const { view, created } = await verbsOf(request).add(tenant, domain, options);
      reply.code(created ? 201 : 200);
      return view;
    },
  );
}

function oneRoutes(api: Api, verbsOf: (request: FastifyRequest) => DomainVerbs): void {
  const named = { params: domainParams, querystring: chosenDomainQuery };
  api.get(
    '/api/domains/:domain',
    { config: needs('read', 'visible'), schema: { summary: 'Get a domain', ...named, response: answers } },
    async (request) => verbsOf(request).get(request.params.domain, request.query),
  );
  api.post(
    '/api/domains/:domain/verify',
    {
      config: needs('manage', 'visible'),
      schema: {
        summary: 'Look for the TXT record of a domain now; 409 if DNS does not have it',
        ...named,
        body: noBody,
        response: answers,
      },
    },
    async (request) => verbsOf(request).verify(request.params.domain, request.query),
  );
  api.delete(
    '/api/domains/:domain',
    {
      config: needs('manage', 'visible'),
      schema: {
        summary: 'Take a domain away from its tenant',
        ...named,
        response: { 204: noContent, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async (request, reply) => {
      await verbsOf(request).remove(request.params.domain, request.query);
      return reply.code(204).send();
    },
  );
}
