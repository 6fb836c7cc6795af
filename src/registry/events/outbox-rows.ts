/** Statements on the outbox's tables. Each runs inside the caller's transaction. */
import type { SQLOutputValue } from 'node:sqlite';
import type { OutboxMessage } from '../../core/stores/outbox.ts';
import type { Database } from '../database.ts';

type Row = Record<string, SQLOutputValue>;

export interface OutboxRows {
  count(target: string): number;
  /** Lists all targets with messages or a history. */
  targets(): string[];
  /** Removes the messages and the history of a target. */
  forget(target: string): void;
  insert(message: Omit<OutboxMessage, 'failures' | 'nextTryAtMs'>): void;
  /** Removes the oldest messages of a target, and returns how many there were. */
  dropOldest(target: string, count: number): number;
  queues(target: string): (string | null)[];
  head(target: string, tenantId: string | null): Row | undefined;
  /** Returns how many messages there were: 0 or 1. */
  remove(target: string, seq: number): number;
  postpone(target: string, seq: number, nextTryAtMs: number): void;
  noteSuccess(target: string, atMs: number): void;
  noteFailure(target: string, atMs: number, reason: string): void;
  noteGivenUp(target: string, atMs: number, reason: string): void;
  history(target: string): Row | undefined;
}

export function outboxRows(database: Database): OutboxRows {
  return { ...messageRows(database), ...historyRows(database) };
}

type HistoryRows = Pick<OutboxRows, 'noteSuccess' | 'noteFailure' | 'noteGivenUp' | 'history'>;
type MessageRows = Omit<OutboxRows, keyof HistoryRows>;

function messageRows(database: Database): MessageRows {
  const count = database.prepare('SELECT count(*) AS count FROM outbox WHERE target = ?');
  const targets = database.prepare('SELECT DISTINCT target FROM outbox UNION SELECT target FROM outbox_targets');
  const forget = ['outbox', 'outbox_targets'].map((table) => database.prepare(`DELETE FROM ${table} WHERE target = ?`));
  const insert = database.prepare(
    'INSERT OR IGNORE INTO outbox (target, seq, tenant, at_ms, body) VALUES (?, ?, ?, ?, ?)',
  );
  const oldest = database.prepare(
    'DELETE FROM outbox WHERE target = ?1 AND seq IN (SELECT seq FROM outbox WHERE target = ?1 ORDER BY seq LIMIT ?2)',
  );
  const noteDropped = database.prepare(
    'INSERT INTO outbox_targets (target, dropped) VALUES (?, ?) ON CONFLICT DO UPDATE SET dropped = dropped + excluded.dropped',
  );
  const queues = database.prepare('SELECT DISTINCT tenant FROM outbox WHERE target = ?');
  const head = database.prepare('SELECT * FROM outbox WHERE target = ? AND tenant IS ? ORDER BY seq LIMIT 1');
  const remove = database.prepare('DELETE FROM outbox WHERE target = ? AND seq = ?');
  const postpone = database.prepare(
    'UPDATE outbox SET failures = failures + 1, next_try_at_ms = ?3 WHERE target = ?1 AND seq = ?2',
  );
  return {
    count: (target) => Number(count.get(target)?.['count']),
    targets: () => targets.all().map((row) => String(row['target'])),
    forget: (target) => forget.forEach((statement) => void statement.run(target)),
    insert: ({ target, seq, tenantId, atMs, body }) => void insert.run(target, seq, tenantId, atMs, body),
    dropOldest: (target, excess) => {
      const dropped = Number(oldest.run(target, excess).changes);
      noteDropped.run(target, dropped);
      return dropped;
    },
    queues: (target) => queues.all(target).map(({ tenant }) => (tenant === null ? null : String(tenant))),
    head: (target, tenantId) => head.get(target, tenantId),
    remove: (target, seq) => Number(remove.run(target, seq).changes),
    postpone: (target, seq, nextTryAtMs) => void postpone.run(target, seq, nextTryAtMs),
  };
}

function historyRows(database: Database): HistoryRows {
  const success = database.prepare(
    'INSERT INTO outbox_targets (target, last_success_at_ms) VALUES (?, ?) ON CONFLICT DO UPDATE SET last_success_at_ms = excluded.last_success_at_ms',
  );
  const failure = database.prepare(
    `INSERT INTO outbox_targets (target, last_failure_at_ms, last_failure, given_up) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET last_failure_at_ms = excluded.last_failure_at_ms, last_failure = excluded.last_failure,
      given_up = given_up + excluded.given_up`,
  );
  const history = database.prepare('SELECT * FROM outbox_targets WHERE target = ?');
  return {
    noteSuccess: (target, atMs) => void success.run(target, atMs),
    noteFailure: (target, atMs, reason) => void failure.run(target, atMs, reason, 0),
    noteGivenUp: (target, atMs, reason) => void failure.run(target, atMs, reason, 1),
    history: (target) => history.get(target),
  };
}
