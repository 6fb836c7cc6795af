/** The outbox in the registry. Messages are inserted in the transaction that writes their events. */
import type { SQLOutputValue } from 'node:sqlite';
import { messageBody } from '../../core/notify/message.ts';
import { type NotifyTarget, wantsEvent } from '../../core/notify/notify-target.ts';
import type { TenementEvent } from '../../core/stores/event-log.ts';
import type { FailedTry, Outbox, OutboxListener, OutboxMessage, TargetHistory } from '../../core/stores/outbox.ts';
import { type Database, reading, transaction } from '../database.ts';
import { type OutboxRows, outboxRows } from './outbox-rows.ts';

/** At most this many messages wait for one target; beyond that, the oldest are dropped. */
export const MAX_PENDING = 10_000;

export class RegistryOutbox implements Outbox {
  private readonly database: Database;
  private readonly maxPending: number;
  private targets: readonly NotifyTarget[] = [];
  private listener: OutboxListener | null = null;
  private readonly counts = new Map<string, number>();
  /** Prepared at the first use: most servers notify nobody. */
  private prepared: OutboxRows | null = null;

  constructor(database: Database, { maxPending = MAX_PENDING }: { maxPending?: number } = {}) {
    this.database = database;
    this.maxPending = maxPending;
  }

  follow(targets: readonly NotifyTarget[]): void {
    this.targets = targets;
    for (const { url } of targets)
      if (!this.counts.has(url))
        this.counts.set(
          url,
          reading(() => this.rows.count(url)),
        );
  }

  removeOthers(): void {
    const followed = this.targets.map(({ url }) => url);
    const others = reading(() => this.rows.targets()).filter((target) => !followed.includes(target));
    if (others.length === 0) return;
    transaction(this.database, () => others.forEach((target) => void this.rows.forget(target)));
    for (const target of others) this.counts.delete(target);
  }

  listen(listener: OutboxListener): void {
    this.listener = listener;
  }

  /** Whether an event becomes a message. */
  wants({ type }: TenementEvent): boolean {
    return this.targets.some((target) => wantsEvent(target, type));
  }

  /**
   * Inserts the messages for events, inside the caller's transaction. Returns a function to call when that is committed.
   */
  add(events: readonly TenementEvent[]): () => void {
    const after = this.targets.map((target) => {
      const wanted = events.filter(({ type }) => wantsEvent(target, type));
      return wanted.length === 0 ? () => {} : this.addTo(target.url, wanted);
    });
    return () => {
      for (const each of after) each();
    };
  }

  private addTo(target: string, events: readonly TenementEvent[]): () => void {
    const added = events.map((event) => {
      const { seq, tenant: tenantId, atMs } = event;
      this.rows.insert({ target, seq, tenantId, atMs, body: messageBody(event) });
      return tenantId;
    });
    const before = this.pending(target);
    const excess = before + added.length - this.maxPending;
    const dropped = excess > 0 ? this.rows.dropOldest(target, excess) : 0;
    return () => {
      this.counts.set(target, before + added.length - dropped);
      for (const tenantId of added) this.listener?.added(target, tenantId);
      if (dropped > 0) this.listener?.dropped(target, dropped);
    };
  }

  queues(target: string): (string | null)[] {
    return reading(() => this.rows.queues(target));
  }

  head(target: string, tenantId: string | null): OutboxMessage | null {
    const row = reading(() => this.rows.head(target, tenantId));
    return row === undefined ? null : messageOf(row);
  }

  accepted(message: OutboxMessage, atMs: number): void {
    this.removing(message, () => this.rows.noteSuccess(message.target, atMs));
  }

  givenUp(message: OutboxMessage, { atMs, reason }: FailedTry): void {
    this.removing(message, () => this.rows.noteGivenUp(message.target, atMs, reason));
  }

  failed({ target, seq }: OutboxMessage, { atMs, reason }: FailedTry, nextTryAtMs: number): void {
    transaction(this.database, () => {
      this.rows.postpone(target, seq, nextTryAtMs);
      this.rows.noteFailure(target, atMs, reason);
    });
  }

  pending(target: string): number {
    return this.counts.get(target) ?? 0;
  }

  history(target: string): TargetHistory {
    const row = reading(() => this.rows.history(target)) ?? {};
    const failedAtMs = numberOrNull(row['last_failure_at_ms']);
    return {
      pending: this.pending(target),
      givenUp: Number(row['given_up'] ?? 0),
      dropped: Number(row['dropped'] ?? 0),
      lastSuccessAtMs: numberOrNull(row['last_success_at_ms']),
      lastFailure: failedAtMs === null ? null : { atMs: failedAtMs, reason: String(row['last_failure']) },
    };
  }

  private removing({ target, seq }: OutboxMessage, note: () => void): void {
    let removed = 0;
    transaction(this.database, () => {
      removed = this.rows.remove(target, seq);
      note();
    });
    this.counts.set(target, Math.max(0, this.pending(target) - removed));
  }

  private get rows(): OutboxRows {
    this.prepared ??= outboxRows(this.database);
    return this.prepared;
  }
}

function messageOf(row: Record<string, SQLOutputValue>): OutboxMessage {
  return {
    target: String(row['target']),
    seq: Number(row['seq']),
    tenantId: row['tenant'] === null ? null : String(row['tenant']),
    atMs: Number(row['at_ms']),
    body: String(row['body']),
    failures: Number(row['failures']),
    nextTryAtMs: Number(row['next_try_at_ms']),
  };
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
