/** Which events a reader wants to see. Pure. */
import type { EventEntry } from '../../core/lifecycle/event-entry.ts';

export interface EventFilter {
  /** Words; an event has all of them in its text or its names. */
  readonly q: string;
  readonly type: string;
}

export function matchingEvents(events: readonly EventEntry[], { q, type }: EventFilter): readonly EventEntry[] {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0 && type === '') return events;
  return events.filter((event) => {
    if (type !== '' && event.type !== type) return false;
    const { instance, tenant, message, actor } = event;
    const text = [event.type, instance ?? tenant ?? '', message, actor ?? ''].join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
