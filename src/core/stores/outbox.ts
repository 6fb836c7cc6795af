/**
 * The outbox: messages to receivers of notifications, written with their events and kept until they are accepted. The
 * messages for one target and one tenant are a queue; events that concern no tenant have a queue of their own.
 */
import type { NotifyTarget } from '../notify/notify-target.ts';

export interface OutboxMessage {
  /** URL of the target. */
  readonly target: string;
  /** Number of the event. */
  readonly seq: number;
  /** null: the event concerns no tenant. */
  readonly tenantId: string | null;
  /** Time of the event. */
  readonly atMs: number;
  /** JSON, sent as it is. */
  readonly body: string;
  /** How many attempts have failed. */
  readonly failures: number;
  /** When it is sent again; 0 before the first failure. */
  readonly nextTryAtMs: number;
}

/** A failed attempt. */
export interface FailedTry {
  readonly atMs: number;
  /** One line for a person. */
  readonly reason: string;
}

export interface TargetHistory {
  readonly pending: number;
  readonly givenUp: number;
  readonly dropped: number;
  readonly lastSuccessAtMs: number | null;
  readonly lastFailure: FailedTry | null;
}

/** Called after a write. `dropped`: how many old messages of the target made room for new ones. */
export interface OutboxListener {
  added(target: string, tenantId: string | null): void;
  dropped(target: string, count: number): void;
}

/** Every method may throw a TenementError `state_failed`; `isLockedOut` tells a lock from other failures. */
export interface Outbox {
  /** Replaces the targets that later events are matched with. */
  follow(targets: readonly NotifyTarget[]): void;
  /** Removes messages and histories of URLs that are not followed. */
  removeOthers(): void;
  /** Tells of later writes. There is one listener. */
  listen(listener: OutboxListener): void;
  /** Lists the tenants whose queue has messages. */
  queues(target: string): (string | null)[];
  /** Returns the oldest message of a queue. */
  head(target: string, tenantId: string | null): OutboxMessage | null;
  accepted(message: OutboxMessage, atMs: number): void;
  failed(message: OutboxMessage, failure: FailedTry, nextTryAtMs: number): void;
  givenUp(message: OutboxMessage, failure: FailedTry): void;
  /** How many messages of a target are in the outbox. Never throws. */
  pending(target: string): number;
  history(target: string): TargetHistory;
}
