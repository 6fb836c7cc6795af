/** The event log, kept in the registry: bounded, numbered, and sent to subscribers. */
import type { SQLOutputValue } from 'node:sqlite';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { Clock } from '../core/ports.ts';
import type { EventLog, TenementEvent } from '../core/stores/event-log.ts';
import type { Logger } from '../logger.ts';
import { type Database, reading } from './database.ts';
import { Backlog } from './event-backlog.ts';

const KEEP = 10_000;
const DEFAULT_TAIL = 1000;

const LIST = `
  SELECT * FROM (
    SELECT * FROM events
    WHERE seq > :after AND at_ms >= :since AND (:instance IS NULL OR instance = :instance)
      AND (:type IS NULL OR type = :type)
    ORDER BY seq DESC LIMIT :tail
  ) ORDER BY seq`;

/** An event log that writes into a registry. */
export interface KeptEventLog extends EventLog {
  /** Settles when all events are written, when a failure other than a lock stops them, or after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>;
}

interface EventLogOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many events are kept. */
  readonly keep?: number;
}

/**
 * Creates the event log. Each event gets its number and reaches subscribers at once, in order. An event that cannot be
 * written now (another process's lock, a full disk) waits in memory with the events after it, at most as many as the
 * registry keeps, and is listed all the same.
 */
export function createEventLog(database: Database, options: EventLogOptions): KeptEventLog {
  const select = database.prepare(LIST);
  const listeners = new Set<(event: TenementEvent) => void>();
  const backlog = new Backlog(database, { keep: KEEP, ...options });
  const tell = (event: TenementEvent) => {
    for (const listener of listeners) confined(listener, event, options.logger);
  };
  return {
    append(event) {
      const appended = { seq: backlog.nextSeq(), ...event };
      backlog.push(appended);
      tell(appended);
      return appended;
    },
    list: ({
      tail = DEFAULT_TAIL,
      afterSeq = 0,
      sinceMs = 0,
      instance = null as InstanceName | null,
      type = null as string | null,
    }) => {
      const rows = reading(() => select.all({ tail, after: afterSeq, since: sinceMs, instance, type }));
      const isMeant = (event: TenementEvent) =>
        event.seq > afterSeq &&
        event.atMs >= sinceMs &&
        (instance === null || event.instance === instance) &&
        (type === null || event.type === type);
      return [...rows.map(eventOf), ...backlog.unwritten.filter(isMeant)].slice(-tail);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    settled: (timeoutMs) => backlog.settled(timeoutMs),
  };
}

/** Calls a listener. Its exceptions are logged, because the caller of `append` has a state to change. */
function confined(listener: (event: TenementEvent) => void, event: TenementEvent, logger: Logger): void {
  try {
    listener(event);
  } catch (error) {
    logger.error({ type: event.type, instance: event.instance, err: error }, 'an event listener threw an error');
  }
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
