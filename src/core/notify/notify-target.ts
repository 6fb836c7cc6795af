/** Receivers of notifications, as `[[notify]]` describes them. Pure. */
import { EVENT_TYPES, type EventType } from '../lifecycle/event-types.ts';

export interface NotifyTarget {
  /** Absolute http or https URL in its normal form, without fragment or credentials. Unique among the targets. */
  readonly url: string;
  /** Types of the events that are sent; null: every type of `NOTIFIABLE_TYPES`. */
  readonly events: readonly string[] | null;
  /** Absolute path of the file with its signing secrets; null: messages are not signed. */
  readonly secretFile: string | null;
  /** Whether it may be inside this machine or a private network. */
  readonly allowPrivate: boolean;
}

/** Events about notifications are not sent: with two receivers that fail, each one would cause the next for ever. */
const NEVER_SENT: readonly EventType[] = ['notify-dropped', 'notify-given-up'];

/** Types of events that can be sent. */
export const NOTIFIABLE_TYPES: readonly EventType[] = EVENT_TYPES.filter((type) => !NEVER_SENT.includes(type));

export function wantsEvent({ events }: NotifyTarget, type: string): boolean {
  return events === null ? (NOTIFIABLE_TYPES as readonly string[]).includes(type) : events.includes(type);
}

/** Returns the receiver's name for logs, events and metrics. A URL's path and query may contain a secret. */
export function receiverOf(url: string): string {
  return new URL(url).origin;
}
