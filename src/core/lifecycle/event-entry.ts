/** An event as the API, the command line and notifications show it. Pure. */
import type { TenementEvent } from '../stores/event-log.ts';

export interface EventEntry extends Omit<TenementEvent, 'atMs'> {
  /** ISO 8601. */
  readonly at: string;
}

export function eventEntry({ seq, atMs, ...event }: TenementEvent): EventEntry {
  return { seq, at: new Date(atMs).toISOString(), ...event };
}
