/** /api/usage: what tenants have used. */
import { sees } from '../../access/access.ts';
import { needs } from '../../access/authorize.ts';
import type { ApiContext } from '../../context.ts';
import { problemAnswer } from '../../schemas/instances.ts';
import { usageQuerySchema, usageSchema } from '../../schemas/usage.ts';
import type { Api } from '../../zod-provider.ts';

export function usageRoutes(api: Api, context: ApiContext): void {
  const { usage } = context.deps;
  api.get(
    '/api/usage',
    {
      config: needs('read', 'visible'),
      schema: {
        summary: 'Get what tenants have used, by hour, day or month in UTC, in pages',
        querystring: usageQuerySchema,
        response: { 200: usageSchema, '4xx': problemAnswer },
      },
    },
    async ({ access, query }) => usage.page(query, (tenantId) => sees(access, { service: null, tenantId })),
  );
}
