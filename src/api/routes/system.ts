/** /health, /metrics and /openapi.json. */
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { TenementError } from '../../errors.ts';
import { needs, OPEN } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import { Metrics } from '../metrics/metrics.ts';
import { finishedDescription } from '../openapi/description.ts';
import {
  askAnswer,
  askQuery,
  descriptionAnswer,
  healthSchema,
  metricsAnswer,
  problemAnswer,
} from '../schemas/instances.ts';
import type { Api } from '../zod-provider.ts';

export function systemRoutes(api: Api, context: ApiContext): void {
  api.get(
    '/health',
    {
      config: OPEN,
      exposeHeadRoute: true,
      schema: {
        summary: 'Check that the server answers',
        security: [],
        response: { 200: healthSchema, '4xx': problemAnswer },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
  api.get(
    '/api/ask',
    {
      // Caddy sends no token, and the proxy tells everyone the same.
      config: OPEN,
      schema: {
        summary:
          "Answer Caddy's question before it gets a certificate (on_demand_tls ask): 200 for a host that names an instance",
        security: [],
        querystring: askQuery,
        response: { 200: askAnswer, '4xx': problemAnswer },
      },
    },
    async (request) => {
      const { domain } = request.query;
      if (context.deps.isKnownHost(domain)) return { domain };
      throw new TenementError('unknown_tenant', `no instance has the host ${JSON.stringify(domain.slice(0, 260))}`);
    },
  );
  const metrics = new Metrics(context.deps);
  api.get(
    '/metrics',
    {
      config: needs('read', 'visible'),
      schema: {
        summary: 'Get metrics as Prometheus text',
        response: { 200: metricsAnswer, '4xx': problemAnswer },
      },
    },
    async ({ access }, reply) => {
      const pieces = await metrics.scrape(access.grants.scope);
      return reply.type(metrics.contentType).send(Readable.from(paced(pieces)));
    },
  );
  let description: object | null = null;
  api.get(
    '/openapi.json',
    {
      config: needs('read', 'any'),
      schema: { summary: 'Get this description', response: { 200: descriptionAnswer, '4xx': problemAnswer } },
    },
    async () => {
      description ??= finishedDescription(api.swagger());
      return description;
    },
  );
}

/** Sends one piece in each turn of the event loop: some thousand tenants have megabytes. */
async function* paced(pieces: readonly string[]): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await turn();
  }
}
