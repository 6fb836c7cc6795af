/** /api/tenants/:tenant/secrets: secrets of a tenant. No response contains a value. */
import { z } from 'zod';
import { needs } from '../../access/authorize.ts';
import type { ApiContext } from '../../context.ts';
import { noBody, noContent, problemAnswer } from '../../schemas/instances.ts';
import { tenantParams } from '../../schemas/tenants.ts';
import type { Api } from '../../zod-provider.ts';

const secretParams = tenantParams.extend({ name: z.string().describe('The name, for example STRIPE_KEY') });

/** The message shows nothing of a wrong value. */
const secretBody = z.strictObject({ value: z.string({ error: () => 'expected a string' }).describe('The value.') });

const neededBy = z.array(z.string()).describe('Services of the tenant that do not start without it.');

const secretSchema = z.object({
  name: z.string(),
  version: z.int(),
  source: z.string().describe('`operator`, `generated`, or `hook:SERVICE/NAME`.'),
  changedAt: z.iso.datetime(),
  neededBy,
});

const secretsSchema = z.object({
  secrets: z.array(secretSchema),
  missing: z.array(z.object({ name: z.string(), neededBy })),
});

const problems = { '4xx': problemAnswer, '5xx': problemAnswer };

const keyChangeSchema = z.object({
  keyId: z.string().describe('Names the new key.'),
  secrets: z.int().describe('How many secrets were encrypted anew.'),
  unreadable: z.array(z.string()).describe('Secrets that no key opens, as TENANT/NAME.'),
});

export function secretRoutes(api: Api, { deps: { supervisor } }: ApiContext): void {
  api.post(
    '/api/secrets/rekey',
    {
      config: needs('manage', 'server'),
      schema: {
        summary: 'Encrypt all secrets with a new key, or go on with that',
        body: noBody,
        response: { 200: keyChangeSchema, ...problems },
      },
    },
    async ({ access }) => supervisor.secrets.changeKey(access.actor),
  );
  api.get(
    '/api/tenants/:tenant/secrets',
    {
      config: needs('read', 'tenant'),
      schema: {
        summary: 'List the secrets of a tenant, without their values, and those that it lacks',
        params: tenantParams,
        response: { 200: secretsSchema, ...problems },
      },
    },
    async ({ params }) => supervisor.secrets.list(params.tenant),
  );
  api.put(
    '/api/tenants/:tenant/secrets/:name',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary: 'Set a secret; running instances get it by a restart that fails no request',
        params: secretParams,
        body: secretBody,
        response: { 200: secretSchema, ...problems },
      },
    },
    async ({ access, params, body }) => supervisor.secrets.by(access.actor).set(params.tenant, params.name, body.value),
  );
  api.delete(
    '/api/tenants/:tenant/secrets/:name',
    {
      config: needs('manage', 'tenant'),
      schema: { summary: 'Remove a secret', params: secretParams, response: { 204: noContent, ...problems } },
    },
    async ({ access, params }, reply) => {
      await supervisor.secrets.by(access.actor).remove(params.tenant, params.name);
      return reply.code(204).send();
    },
  );
  api.post(
    '/api/tenants/:tenant/secrets/:name/rotate',
    {
      config: needs('manage', 'tenant'),
      schema: {
        summary: 'Give a generated secret a new value; running instances get it by a restart that fails no request',
        params: secretParams,
        body: noBody,
        response: { 200: secretSchema, ...problems },
      },
    },
    async ({ access, params }) => supervisor.secrets.by(access.actor).rotate(params.tenant, params.name),
  );
}
