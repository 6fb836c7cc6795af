/** /api/events: past and future events. */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { parseSince } from '../../core/input/since.ts';
import { namedInstance } from '../../core/lifecycle/instance.ts';
import type { EventFilter, EventLog, TenementEvent } from '../../core/stores/event-log.ts';
import type { ApiContext } from '../context.ts';
import { eventsQuery, problemAnswer, streamAnswer } from '../schemas.ts';
import { FollowQueue } from '../streaming/follow-queue.ts';
import { type StreamItem, type StreamSource, sendStream, wantsEventStream } from '../streaming/stream.ts';
import type { Api } from '../zod-provider.ts';

const DEFAULT_TAIL = 1000;

export function eventRoutes(api: Api, context: ApiContext): void {
  api.get(
    '/api/events',
    {
      schema: {
        summary:
          'Get events as JSON lines {"seq","at","type","instance","message","data"}, or as server-sent events ' +
          'if the client accepts them; Last-Event-ID continues after that event',
        querystring: eventsQuery,
        response: { 200: streamAnswer, '4xx': problemAnswer },
      },
    },
    async (request, reply) => {
      const filter = toFilter(request.query, lastEventId(request), Date.now());
      const follow = request.query.follow ?? wantsEventStream(request);
      const { events } = context.deps;
      const source = follow ? followed(events, filter) : past(events, filter);
      return sendStream(request, reply, source, context);
    },
  );
}

function lastEventId(request: FastifyRequest): number | null {
  const header = request.headers['last-event-id'];
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null;
}

function toFilter(query: z.output<typeof eventsQuery>, afterSeq: number | null, nowMs: number): EventFilter {
  // A client that continues after an event must not miss any that follow it.
  const tail = query.tail ?? (afterSeq === null ? DEFAULT_TAIL : undefined);
  return {
    ...(tail !== undefined && { tail }),
    ...(afterSeq !== null && { afterSeq }),
    ...(query.since !== undefined && { sinceMs: parseSince(query.since, nowMs) }),
    ...(query.instance !== undefined && { instance: namedInstance(query.instance) }),
    ...(query.type !== undefined && { type: query.type }),
  };
}

function past(events: EventLog, filter: EventFilter): StreamSource {
  return { history: events.list(filter).map(toItem), live: null, cut: null, stop: () => {} };
}

/** Lists and subscribes in one step, so that no event is missed between the two. */
function followed(events: EventLog, filter: EventFilter): StreamSource {
  const queue = new FollowQueue<StreamItem>((item) => JSON.stringify(item.json).length);
  const history = events.list(filter).map(toItem);
  const unsubscribe = events.subscribe((event) => {
    if (isMeant(event, filter)) queue.push(toItem(event));
  });
  const stop = () => {
    unsubscribe();
    queue.end();
  };
  return { history, live: queue.batches(), cut: queue.overflow, stop };
}

function isMeant(event: TenementEvent, { instance, type }: EventFilter): boolean {
  return (instance === undefined || event.instance === instance) && (type === undefined || event.type === type);
}

function toItem(event: TenementEvent): StreamItem {
  const { seq, atMs, type, instance, message, data } = event;
  return { id: String(seq), json: { seq, at: new Date(atMs).toISOString(), type, instance, message, data } };
}
