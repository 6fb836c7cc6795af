/** /api/dashboard: the list of tenants and instances, and how it changes. */
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { scopeText } from '../../core/access/scope.ts';
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import { changesAnswer, changesQuery, dashboardListSchema } from '../schemas/dashboard.ts';
import { problemAnswer } from '../schemas/instances.ts';
import { type StreamItem, type StreamSource, sendStream, wantsEventStream } from '../streaming/stream.ts';
import type { Api } from '../zod-provider.ts';
import { ChangeFeed } from './change-feed.ts';
import { type ChangesDeps, changesAfter, followChanges } from './changes.ts';
import { encodingFor } from './encoding.ts';
import { listText } from './list.ts';

/** Of gzip: most of the effect for a tenth of the time. */
const LEVEL = 1;

export function dashboardRoutes(api: Api, context: ApiContext): void {
  const { deps } = context;
  const feed = new ChangeFeed(deps);
  context.followers.add(() => feed.end());
  api.get(
    '/api/dashboard',
    {
      config: needs('read', 'visible'),
      schema: {
        summary: 'Get a short row of each tenant and instance, and the cursor from which their changes follow',
        response: { 200: dashboardListSchema, '4xx': problemAnswer },
      },
    },
    async (request, reply) => sendList(feed, request, reply, context),
  );
  api.get(
    '/api/dashboard/changes',
    {
      config: needs('read', 'visible'),
      schema: {
        summary:
          'Follow changes after a cursor as server-sent events, at most one a second unless many change at once; without ' +
          'Accept: text/event-stream, those so far as JSON lines. Last-Event-ID continues after that event',
        querystring: changesQuery,
        response: { 200: changesAnswer, '4xx': problemAnswer },
      },
    },
    async (request, reply) => {
      const wanted = { feed, live: deps.supervisor.live, access: request.access };
      const from = cursorOf(request) ?? request.query.after ?? feed.begin();
      const source = wantsEventStream(request) ? followed(from, wanted) : await soFar(from, wanted);
      return sendStream(request, reply, source, context);
    },
  );
}

function cursorOf({ headers }: FastifyRequest): string | null {
  const id = headers['last-event-id'];
  return typeof id === 'string' && id !== '' ? id : null;
}

function followed(from: string, deps: ChangesDeps): StreamSource {
  const leave = deps.feed.join();
  const stopped = new AbortController();
  const stop = () => {
    leave();
    stopped.abort();
  };
  return { history: [], live: followChanges(from, deps, stopped.signal), cut: null, stop };
}

async function soFar(from: string, deps: ChangesDeps): Promise<StreamSource> {
  deps.feed.begin();
  const history: StreamItem[] = [];
  for await (const { cursor, change } of changesAfter(from, deps))
    history.push({ id: cursor, json: { cursor, ...change } });
  return { history, live: null, cut: null, stop: () => {} };
}

async function sendList(
  feed: ChangeFeed,
  request: FastifyRequest,
  reply: FastifyReply,
  { deps: { supervisor } }: ApiContext,
): Promise<FastifyReply> {
  const { access, headers } = request;
  const cursor = feed.begin();
  const etag = `W/"${cursor}/${scopeText(access.grants.scope)}"`;
  reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'Authorization, Cookie, Accept-Encoding' });
  if (feed.isQuiet && headers['if-none-match'] === etag) return reply.code(304).send();
  const text = Readable.from(listText(cursor, supervisor.live, access));
  reply.type('application/json; charset=utf-8');
  if (encodingFor(headers['accept-encoding']) === 'identity') return reply.send(text);
  const zipped = createGzip({ level: LEVEL });
  text.on('error', (error) => zipped.destroy(error));
  zipped.on('close', () => text.destroy());
  return reply.header('content-encoding', 'gzip').send(text.pipe(zipped));
}
