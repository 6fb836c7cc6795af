/** What happened, kept in the registry: bounded, numbered, and told to whoever listens. */
import type { SQLOutputValue } from 'node:sqlite';
import type { InstanceName } from '../core/instance.ts';
import type { EventLog, TenementEvent } from '../core/ports.ts';
import type { Logger } from '../logger.ts';
import { type Database, transaction } from './database.ts';

const KEEP = 10_000;
const DEFAULT_TAIL = 1000;
/** No request that wakes an instance waits for what is told of it. */
const WRITE_AFTER_MS = 20;

const LIST = `
  SELECT * FROM (
    SELECT * FROM events
    WHERE seq > :after AND at_ms >= :since AND (:instance IS NULL OR instance = :instance)
    ORDER BY seq DESC LIMIT :tail
  ) ORDER BY seq`;

export interface EventStore extends EventLog {
  /** Writes what has not been written yet; the database may be closed then. */
  close(): void;
}

export function createEventLog(database: Database, options: { keep?: number; logger?: Logger } = {}): EventStore {
  const keep = options.keep ?? KEEP;
  const insert = database.prepare(
    'INSERT INTO events (seq, at_ms, type, instance, message, data) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const prune = database.prepare('DELETE FROM events WHERE seq <= ?');
  const select = database.prepare(LIST);
  const listeners = new Set<(event: TenementEvent) => void>();
  let lastSeq = lastSeqOf(database);
  let prunedSeq = lastSeq;
  let unwritten: TenementEvent[] = [];
  let timer: NodeJS.Timeout | null = null;
  const write = () => {
    for (const { seq, atMs, type, instance, message, data } of unwritten)
      insert.run(seq, atMs, type, instance, message, JSON.stringify(data));
    // Old ones go in batches.
    if (lastSeq - prunedSeq < keep / 10) return;
    prune.run(lastSeq - keep);
    prunedSeq = lastSeq;
  };
  /** What cannot be written (a full disk) has been told all the same. */
  const flush = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (unwritten.length === 0) return;
    try {
      transaction(database, write);
    } catch (error) {
      options.logger?.warn({ types: unwritten.map(({ type }) => type), err: error }, 'events not written');
    }
    unwritten = [];
  };
  return {
    append(event) {
      lastSeq += 1;
      const appended = { seq: lastSeq, ...event };
      unwritten.push(appended);
      timer ??= setTimeout(flush, WRITE_AFTER_MS);
      for (const listener of listeners) listener(appended);
      return appended;
    },
    list({ tail = DEFAULT_TAIL, afterSeq = 0, sinceMs = 0, instance = null as InstanceName | null }) {
      flush();
      return select.all({ tail, after: afterSeq, since: sinceMs, instance }).map(eventOf);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: flush,
  };
}

/** Also of events that are no longer there. */
function lastSeqOf(database: Database): number {
  return Number(database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'").get()?.['seq'] ?? 0);
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
