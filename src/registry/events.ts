/** What happened, kept in the registry: bounded, numbered, and told to whoever listens. */
import type { SQLOutputValue } from 'node:sqlite';
import type { InstanceName } from '../core/instance.ts';
import type { EventLog, TenementEvent } from '../core/ports.ts';
import type { Logger } from '../logger.ts';
import type { Database } from './database.ts';

const KEEP = 10_000;
const DEFAULT_TAIL = 1000;

const LIST = `
  SELECT * FROM (
    SELECT * FROM events
    WHERE seq > :after AND at_ms >= :since AND (:instance IS NULL OR instance = :instance)
    ORDER BY seq DESC LIMIT :tail
  ) ORDER BY seq`;

export function createEventLog(database: Database, options: { keep?: number; logger?: Logger } = {}): EventLog {
  const keep = options.keep ?? KEEP;
  /** Old ones go in batches, so that an append stays one insert. */
  const batch = Math.max(1, Math.floor(keep / 10));
  const insert = database.prepare('INSERT INTO events (at_ms, type, instance, message, data) VALUES (?, ?, ?, ?, ?)');
  const prune = database.prepare('DELETE FROM events WHERE seq <= ?');
  const select = database.prepare(LIST);
  const listeners = new Set<(event: TenementEvent) => void>();
  let lastSeq = 0;
  /** What cannot be written (a full disk) is still told. */
  const tryInsert = ({ atMs, type, instance, message, data }: Omit<TenementEvent, 'seq'>): number => {
    try {
      lastSeq = Number(insert.run(atMs, type, instance, message, JSON.stringify(data)).lastInsertRowid);
      if (lastSeq % batch === 0) prune.run(lastSeq - keep);
    } catch (error) {
      options.logger?.warn({ type, instance, message, err: error }, 'event not written');
    }
    return lastSeq;
  };
  return {
    append(event) {
      const appended = { seq: tryInsert(event), ...event };
      for (const listener of listeners) listener(appended);
      return appended;
    },
    list: ({ tail = DEFAULT_TAIL, afterSeq = 0, sinceMs = 0, instance = null as InstanceName | null }) =>
      select.all({ tail, after: afterSeq, since: sinceMs, instance }).map(eventOf),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function eventOf(row: Record<string, SQLOutputValue>): TenementEvent {
  return {
    seq: Number(row['seq']),
    atMs: Number(row['at_ms']),
    type: String(row['type']),
    instance: row['instance'] === null ? null : (String(row['instance']) as InstanceName),
    message: String(row['message']),
    data: JSON.parse(String(row['data'])),
  };
}
