/** How long a request may take to arrive. Node's own limit is one for all routes, and an archive may be as large as it likes. */
import type { FastifyRequest } from 'fastify';
import { rawBadRequest } from '../problem.ts';
import type { Api } from '../zod-provider.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body may take any time, as long as it arrives. The route sees to that. */
    longBody?: true;
  }
}

const HEAD_MS = 30_000;
const BODY_MS = 30_000;

export function limitBodies(api: Api): void {
  api.server.requestTimeout = 0;
  api.server.headersTimeout = HEAD_MS;
  api.addHook('onRequest', async (request) => {
    if (request.routeOptions.config?.longBody !== true) limitBody(request);
  });
}

function limitBody({ raw }: FastifyRequest): void {
  if (raw.complete) return;
  const late = setTimeout(() => {
    // Nobody reads the body that a request to follow something does not have, so nothing says that it has ended.
    if (raw.complete) return;
    const { socket } = raw;
    if (socket.writable) socket.end(rawBadRequest());
    socket.destroySoon();
  }, BODY_MS);
  late.unref();
  for (const event of ['end', 'close'] as const) raw.once(event, () => clearTimeout(late));
}
