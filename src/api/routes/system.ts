/** /health, /metrics and /openapi.json. */
import type { ApiContext } from '../context.ts';
import { createMetrics } from '../metrics.ts';
import { healthSchema, metricsAnswer, problemAnswer } from '../schemas.ts';
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

        response: { 200: metricsAnswer, '4xx': problemAnswer },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.scrape()),
  );
  api.get('/openapi.json', { schema: { summary: 'This description', response: { '4xx': problemAnswer } } }, async () =>
    api.swagger(),
  );
}
