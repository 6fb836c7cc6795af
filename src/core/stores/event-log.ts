/** The event log: numbered, bounded, and announced to subscribers. */
import type { EventType } from '../lifecycle/event-types.ts';
import type { InstanceName } from '../lifecycle/instance.ts';

export interface TenementEvent {
  /** Grows by one with each event, across restarts. */
  readonly seq: number;
  readonly atMs: number;
  /** One of `EVENT_TYPES`, or a type that only an older server used. */
  readonly type: string;
  readonly instance: InstanceName | null;
  /** One sentence for a person. */
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type NewEvent = Omit<TenementEvent, 'seq'> & { readonly type: EventType };

export interface EventFilter {
  readonly tail?: number;
  readonly afterSeq?: number;
  readonly sinceMs?: number;
  readonly instance?: InstanceName;
  readonly type?: string;
}

export interface EventLog {
  append(event: NewEvent): TenementEvent;
  /** Returns the newest `tail` events with a `seq` over `afterSeq`, at or after `sinceMs`, oldest first. */
  list(filter: EventFilter): TenementEvent[];
  /** Calls `listener` for each later event; the returned function unsubscribes it. */
  subscribe(listener: (event: TenementEvent) => void): () => void;
}
