/** The text of a notification. Pure. */
import { eventEntry } from '../lifecycle/event-entry.ts';
import type { TenementEvent } from '../stores/event-log.ts';

/** A longer body is sent without the event's data: a reload may list thousands of changes. */
const MAX_BODY_CHARS = 64 * 1024;
const MAX_MESSAGE_CHARS = 1000;

/** Returns the body of a message in JSON, in the form that Standard Webhooks recommends. */
export function messageBody(event: TenementEvent): string {
  const body = bodyOf(event);
  if (body.length <= MAX_BODY_CHARS) return body;
  return bodyOf({ ...event, message: event.message.slice(0, MAX_MESSAGE_CHARS), data: { truncated: true } });
}

function bodyOf(event: TenementEvent): string {
  const entry = eventEntry(event);
  return JSON.stringify({ type: entry.type, timestamp: entry.at, data: entry });
}

/**
 * Returns the id by which a receiver recognises a message that it got before: `evt_42_mubbs7i8`. The number alone would
 * not do: two servers may have the same receiver, and a restored registry gives numbers again.
 */
export function messageId({ seq, atMs }: Pick<TenementEvent, 'seq' | 'atMs'>): string {
  return `evt_${seq}_${atMs.toString(36)}`;
}
