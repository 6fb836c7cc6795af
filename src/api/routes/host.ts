/** GET /api/host: the machine that the server runs on. */
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import { hostSchema } from '../schemas/host.ts';
import { problemAnswer } from '../schemas/instances.ts';
import type { Api } from '../zod-provider.ts';

export function hostRoutes(api: Api, context: ApiContext): void {
  api.get(
    '/api/host',
    {
      config: needs('read', 'server'),
      schema: {
        summary: "Get the machine's memory, swap, load and disk, the server's limits, and what isolation it can give",
        response: { 200: hostSchema, '4xx': problemAnswer },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return context.deps.host.view();
    },
  );
}
