/** /api/events: past and future events. */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { visibleEvent } from '../../core/access/event-view.ts';
import { FollowQueue } from '../../core/following/follow-queue.ts';
import { parseSince } from '../../core/input/since.ts';
import { eventEntry } from '../../core/lifecycle/event-entry.ts';
import { namedInstance } from '../../core/lifecycle/instance.ts';
import { type EventFilter, type EventLog, isMeant, type TenementEvent } from '../../core/stores/event-log.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import type { Access } from '../access/access.ts';
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import { eventsQuery, problemAnswer, streamAnswer } from '../schemas/instances.ts';
import { type StreamItem, type StreamSource, sendStream, wantsEventStream } from '../streaming/stream.ts';
import type { Api } from '../zod-provider.ts';

const DEFAULT_TAIL = 1000;

export function eventRoutes(api: Api, context: ApiContext): void {
  api.get(
    '/api/events',
    {
      config: needs('read', 'visible'),
      schema: {
        summary:
          'Get events as JSON lines {"seq","at","type","instance","tenant","message","data","actor","tokenId","address"}, ' +
          'or as server-sent events if the client accepts them; Last-Event-ID continues after that event',
        querystring: eventsQuery,
        response: { 200: streamAnswer, '4xx': problemAnswer },
      },
    },
    async (request, reply) => {
      const { scope } = request.access.grants;
      const filter = { ...toFilter(request.query, lastEventId(request), Date.now()), within: scope };
      const follow = request.query.follow ?? wantsEventStream(request);
      const { events } = context.deps;
      const source = follow ? followed(events, filter, request.access) : past(events, filter, request.access);
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
    ...(query.tenant !== undefined && { tenant: labelled(query.tenant) }),
    ...(query.type !== undefined && { type: query.type }),
  };
}

function labelled(tenantId: string): string {
  assertTenantId(tenantId);
  return tenantId;
}

function past(events: EventLog, filter: EventFilter, access: Access): StreamSource {
  const history = events.list(filter).map((event) => toItem(event, access));
  return { history, live: null, cut: null, stop: () => {} };
}

/** Lists and subscribes in one step, so that no event is missed between the two. */
function followed(events: EventLog, filter: EventFilter, access: Access): StreamSource {
  const queue = new FollowQueue<StreamItem>((item) => JSON.stringify(item.json).length);
  const history = events.list(filter).map((event) => toItem(event, access));
  const unsubscribe = events.subscribe((event) => {
    if (isMeant(event, filter)) queue.push(toItem(event, access));
  });
  const stop = () => {
    unsubscribe();
    queue.end();
  };
  return { history, live: queue.batches(), cut: queue.overflow, stop };
}

function toItem(event: TenementEvent, { actor, grants }: Access): StreamItem {
  return { id: String(event.seq), json: eventEntry(visibleEvent(event, actor, grants)) };
}
