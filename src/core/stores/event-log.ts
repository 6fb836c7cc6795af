/** The event log: numbered, bounded, and announced to subscribers. */
import type { Actor } from '../access/actor.ts';
import { covers, type Scope, type Subject } from '../access/scope.ts';
import type { EventData } from '../lifecycle/event-data.ts';
import type { EventType } from '../lifecycle/event-types.ts';
import { type InstanceName, parseInstanceName } from '../lifecycle/instance.ts';

export interface TenementEvent {
  /** Grows by one with each event, across restarts. */
  readonly seq: number;
  readonly atMs: number;
  /** One of `EVENT_TYPES`, or a type that only an older server used. */
  readonly type: string;
  readonly instance: InstanceName | null;
  /** The tenant that it concerns: the instance's, or one without an instance; null: none. */
  readonly tenant: string | null;
  /** One sentence for a person. */
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The author of the change: a token's name, `cli`, `config`, `request`, `system`…; null: an older server did not say. */
  readonly actor: string | null;
  /** Id of that token; null without one. */
  readonly tokenId: string | null;
  /** IP address of the caller; null when there is none. */
  readonly address: string | null;
}

/** What happened, and who did it. An event of an instance concerns its tenant. */
export interface NewEvent<Type extends EventType = EventType>
  extends Pick<TenementEvent, 'atMs' | 'instance' | 'message'> {
  readonly type: Type;
  readonly data: EventData[Type];
  /** For an event without an instance. */
  readonly tenant?: string | null;
  readonly by: Actor;
}

export interface EventFilter {
  readonly tail?: number;
  readonly afterSeq?: number;
  readonly sinceMs?: number;
  readonly instance?: InstanceName;
  readonly tenant?: string;
  readonly type?: string;
  /** Only events of what this scope covers; of a tenant, only those since its id was last purged. */
  readonly within?: Scope;
}

export interface EventLog {
  append<Type extends EventType>(event: NewEvent<Type>): TenementEvent;
  /** Returns the newest `tail` events with a `seq` over `afterSeq`, at or after `sinceMs`, oldest first. */
  list(filter: EventFilter): TenementEvent[];
  /** Calls `listener` for each later event; the returned function unsubscribes it. */
  subscribe(listener: (event: TenementEvent) => void): () => void;
}

/** Returns the event as it is kept. */
export function numbered(seq: number, { by, tenant = null, ...event }: NewEvent): TenementEvent {
  const owner = event.instance === null ? tenant : parseInstanceName(event.instance).tenantId;
  return {
    seq,
    ...event,
    data: { ...event.data },
    tenant: owner,
    actor: by.name,
    tokenId: by.tokenId,
    address: by.address,
  };
}

/** Whether an event passes a filter, apart from `tail`. */
export function isMeant(event: TenementEvent, filter: EventFilter): boolean {
  const { afterSeq = 0, sinceMs = 0, instance, tenant, type, within } = filter;
  return (
    event.seq > afterSeq &&
    event.atMs >= sinceMs &&
    (instance === undefined || event.instance === instance) &&
    (tenant === undefined || event.tenant === tenant) &&
    (type === undefined || event.type === type) &&
    (within === undefined || covers(within, subjectOfEvent(event)))
  );
}

function subjectOfEvent({ instance, tenant }: TenementEvent): Subject {
  return { service: instance === null ? null : parseInstanceName(instance).service, tenantId: tenant };
}
