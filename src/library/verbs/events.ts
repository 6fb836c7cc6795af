/** Events as a host program reads and follows them. */
import { FollowQueue } from '../../core/following/follow-queue.ts';
import { assertEventQuery, assertEventType, assertListener } from '../../core/input/library/event-input.ts';
import type { EventData } from '../../core/lifecycle/event-data.ts';
import { EVENT_TYPES, type EventType } from '../../core/lifecycle/event-types.ts';
import { type InstanceName, namedInstance } from '../../core/lifecycle/instance.ts';
import { type EventFilter, type EventLog, isMeant, type TenementEvent } from '../../core/stores/event-log.ts';
import type { Logger } from '../../logger.ts';
import { type Followers, follow } from '../follower.ts';

const DEFAULT_TAIL = 1000;
/** More than are kept. */
const ALL = 1_000_000;

/** An event of one type. */
export interface EventOf<Type extends EventType> {
  /** What happened. */
  readonly type: Type;
  /** What else is to say of it. */
  readonly data: EventData[Type];
  /** Grows by one with each event, across restarts. */
  readonly seq: number;
  /** Ms since the epoch. */
  readonly atMs: number;
  /** The instance that it concerns; null: none. */
  readonly instance: InstanceName | null;
  /** The tenant that it concerns: the instance's, or one without an instance; null: none. */
  readonly tenant: string | null;
  /** One sentence for a person. */
  readonly message: string;
  /** The author of the change: a token's name, `library`, `cli`, `config`, `request`, `system`; null: not known. */
  readonly actor: string | null;
  /** Id of that token; null without one. */
  readonly tokenId: string | null;
  /** IP address of the caller; null when there is none. */
  readonly address: string | null;
}

/** An event of one of several types. */
export type EventOfTypes<Type extends EventType> = { readonly [One in Type]: EventOf<One> }[Type];

/** An event. Its `type` tells what its `data` is. */
export type HypervisorEvent = EventOfTypes<EventType>;

/** Which events. What is left out selects all. */
export interface EventQuery<Type extends EventType = EventType> {
  /** Only events of this type, or of one of these. */
  readonly type?: Type | readonly Type[] | undefined;
  /** Only events of this instance, such as `api:acme`. */
  readonly instance?: string | undefined;
  /** Only events that concern this tenant. */
  readonly tenant?: string | undefined;
  /** Only events at or after this time, in ms since the epoch. */
  readonly sinceMs?: number | undefined;
  /** Only events whose `seq` is higher. */
  readonly afterSeq?: number | undefined;
}

/** Which past events. */
export interface PastEventQuery<Type extends EventType = EventType> extends EventQuery<Type> {
  /** The newest ones, at most this many. Default: 1000. */
  readonly tail?: number | undefined;
}

/** Which events to follow. */
export interface FollowEventsQuery<Type extends EventType = EventType> extends EventQuery<Type> {
  /** Ends the iteration, without an error, when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Past and future events, of the last 10,000. Iterating over it is `follow()`. */
export interface Events extends AsyncIterable<HypervisorEvent> {
  /** Returns the newest events that match, oldest first. @throws {TenementError} `bad_id`, `bad_input`, `state_failed` */
  list<Type extends EventType = EventType>(query?: PastEventQuery<Type>): EventOfTypes<Type>[];
  /**
   * Calls `listener` for each later event of a type, of one of several types, or of all (`*`). The returned function
   * unsubscribes it. What a listener throws, or the rejection of its promise, is logged.
   * @throws {TenementError} `bad_input`
   */
  on<Type extends EventType>(
    type: Type | readonly Type[],
    listener: (event: EventOfTypes<Type>) => unknown,
  ): () => void;
  /** Calls `listener` for each later event. @throws {TenementError} `bad_input` */
  on(type: '*', listener: (event: HypervisorEvent) => unknown): () => void;
  /**
   * Iterates over later events, and first over earlier ones if `afterSeq` or `sinceMs` asks for them. Ends with the loop,
   * with `signal`, and when the hypervisor is closed. About 4 MB of events may wait to be read; when there are more, they
   * are dropped and the iteration ends with `reader_too_slow`: go on with `afterSeq`.
   * @throws {TenementError} `bad_id`, `bad_input`, `state_failed`
   */
  follow<Type extends EventType = EventType>(
    query?: FollowEventsQuery<Type>,
  ): AsyncIterableIterator<EventOfTypes<Type>>;
}

interface EventsDeps {
  readonly events: EventLog;
  readonly followers: Followers;
  readonly logger: Logger;
}

export function libraryEvents(deps: EventsDeps): Events {
  const { events, followers } = deps;
  const followEvents = <Type extends EventType = EventType>({ signal, ...query }: FollowEventsQuery<Type> = {}) => {
    assertEventQuery(query, signal);
    return follow<EventOfTypes<Type>>(followed(events, query), { followers, signal });
  };
  return {
    list: <Type extends EventType = EventType>(query: PastEventQuery<Type> = {}) => {
      assertEventQuery(query);
      return past<Type>(events, query);
    },
    on: (type: unknown, listener: (event: never) => unknown) => {
      if (type !== '*') assertEventType(type);
      assertListener(listener);
      return subscribed(deps, type === '*' ? {} : { type: type as EventType }, listener);
    },
    follow: followEvents,
    [Symbol.asyncIterator]: () => followEvents(),
  };
}

/** Types of an older version are left out: nothing is known of their data. */
function isOf<Type extends EventType>(event: TenementEvent, { type }: EventQuery<Type>): boolean {
  const types: readonly string[] = type === undefined ? EVENT_TYPES : typeof type === 'string' ? [type] : type;
  return types.includes(event.type);
}

function filterOf<Type extends EventType>({ type, instance, ...rest }: PastEventQuery<Type>): EventFilter {
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    ...(typeof type === 'string' && { type }),
    ...(instance !== undefined && { instance: namedInstance(instance) }),
  };
}

function past<Type extends EventType>(events: EventLog, query: PastEventQuery<Type>): EventOfTypes<Type>[] {
  const { tail, ...wanted } = query;
  if (typeof query.type === 'string' || query.type === undefined)
    return events.list(filterOf(query)).filter((event) => isOf(event, query)) as unknown as EventOfTypes<Type>[];
  // The registry selects by one type.
  const all = events.list(filterOf({ ...wanted, tail: ALL }));
  return all.filter((event) => isOf(event, query)).slice(-(tail ?? DEFAULT_TAIL)) as unknown as EventOfTypes<Type>[];
}

/** Lists and subscribes in one step, so that no event is missed between the two. */
function followed<Type extends EventType>(events: EventLog, query: EventQuery<Type>) {
  const queue = new FollowQueue<EventOfTypes<Type>>((event) => JSON.stringify(event).length);
  const filter = filterOf(query);
  const wantsPast = query.afterSeq !== undefined || query.sinceMs !== undefined;
  const history = wantsPast ? past<Type>(events, { ...query, tail: ALL }) : [];
  const unsubscribe = events.subscribe((event) => {
    if (isMeant(event, filter) && isOf(event, query)) queue.push(event as unknown as EventOfTypes<Type>);
  });
  const stop = () => {
    unsubscribe();
    queue.end();
  };
  return { history, queue, stop };
}

function subscribed({ events, logger }: EventsDeps, query: EventQuery, listener: (event: never) => unknown) {
  const tell = async (event: TenementEvent) => {
    try {
      await listener(event as never);
    } catch (error) {
      // No fault: that would be an event, too, which the same listener hears.
      logger.error({ type: event.type, instance: event.instance, err: error }, 'an event listener threw an error');
    }
  };
  return events.subscribe((event) => {
    if (isOf(event, query)) void tell(event);
  });
}
