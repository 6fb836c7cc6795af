/** /health, /metrics and /openapi.json. */
import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { createMetrics } from '../metrics.ts';
import { healthSchema, problemSchema } from '../schemas.ts';
import type { Api } from '../zod-provider.ts';

export function systemRoutes(api: Api, context: ApiContext): void {
  api.get(
    '/health',
    {
      config: { open: true },
      exposeHeadRoute: true,
      schema: { summary: 'Whether the server answers', security: [], response: { 200: healthSchema } },
    },
    async () => ({ status: 'ok' as const }),
  );
  const metrics = createMetrics(context.deps.supervisor);
  api.get(
    '/metrics',
    {
      schema: {
        summary: 'Prometheus text',
        produces: ['text/plain'],
        response: { 200: z.string(), '4xx': problemSchema },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.scrape()),
  );
  api.get('/openapi.json', { schema: { summary: 'This description', response: { '4xx': problemSchema } } }, async () =>
    api.swagger(),
  );
}
