/** The event log, kept in the registry: bounded, numbered, and sent to subscribers. */
import type { SQLOutputValue } from 'node:sqlite';
import { type InstanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import type { Clock } from '../../core/ports.ts';
import { type EventFilter, type EventLog, isMeant, numbered, type TenementEvent } from '../../core/stores/event-log.ts';
import type { Logger } from '../../logger.ts';
import { type Database, reading } from '../database.ts';
import { Backlog } from './event-backlog.ts';
import { RegistryOutbox } from './outbox.ts';

const KEEP = 10_000;
const DEFAULT_TAIL = 1000;

/** An id may be given to another customer, who must not read of the one before. */
const LAST_PURGE = `
  SELECT coalesce(max(seq), 0) FROM events
  WHERE tenant = :scopeTenant AND type IN ('removed', 'tenant-removed') AND json_extract(data, '$.purged') = 1`;

/** @param of the condition that an index answers; one tenant's few events are not searched among all */
const listing = (of: string) => `
  SELECT * FROM (
    SELECT * FROM events
    WHERE ${of} AND seq > :after AND at_ms >= :since AND (:instance IS NULL OR instance = :instance)
      AND (:tenant IS NULL OR tenant = :tenant) AND (:type IS NULL OR type = :type)
      AND (:scopeTenant IS NULL OR tenant = :scopeTenant AND seq > (${LAST_PURGE}))
      AND (:scopeService IS NULL OR substr(instance, 1, length(:scopeService) + 1) = :scopeService || ':')
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
  /** Gets the messages for events with these; default: one without receivers. */
  readonly outbox?: RegistryOutbox;
}

/**
 * Creates the event log. Each event gets its number and reaches subscribers at once, in order. An event that cannot be
 * written now (another process's lock, a full disk) waits in memory with the events after it, at most as many as the
 * registry keeps, and is listed all the same.
 */
export function createEventLog(database: Database, options: EventLogOptions): KeptEventLog {
  const selectAll = database.prepare(listing('TRUE'));
  const selectOfOne = database.prepare(listing('tenant = :of'));
  const rowsOf = (filter: EventFilter, tail: number) => {
    const of = tenantOf(filter);
    const parameters = { tail, ...parametersOf(filter) };
    return of === null ? selectAll.all(parameters) : selectOfOne.all({ ...parameters, of });
  };
  const listeners = new Set<(event: TenementEvent) => void>();
  const backlog = new Backlog(database, { keep: KEEP, outbox: new RegistryOutbox(database), ...options });
  const tell = (event: TenementEvent) => {
    for (const listener of listeners) confined(listener, event, options.logger);
  };
  return {
    append(event) {
      const appended = numbered(backlog.nextSeq(), event);
      backlog.push(appended);
      tell(appended);
      return appended;
    },
    list: (filter) => {
      const { tail = DEFAULT_TAIL } = filter;
      const rows = reading(() => rowsOf(filter, tail));
      const unwritten = backlog.unwritten.filter((event) => isMeant(event, filter));
      return [...rows.map(eventOf), ...unwritten].slice(-tail);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    settled: (timeoutMs) => backlog.settled(timeoutMs),
  };
}

/** Returns a tenant that all events of a filter concern; null: there is no single one. */
function tenantOf({ tenant, instance, within }: EventFilter): string | null {
  if (tenant !== undefined) return tenant;
  if (instance !== undefined) return parseInstanceName(instance).tenantId;
  return within?.kind === 'tenant' ? within.tenantId : null;
}

function parametersOf({ afterSeq = 0, sinceMs = 0, instance, tenant, type, within }: EventFilter) {
  return {
    after: afterSeq,
    since: sinceMs,
    instance: instance ?? null,
    tenant: tenant ?? null,
    type: type ?? null,
    scopeTenant: within?.kind === 'tenant' ? within.tenantId : null,
    scopeService: within?.kind === 'service' ? within.service : null,
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
    tenant: textOf(row['tenant']),
    message: String(row['message']),
    data: JSON.parse(String(row['data'])),
    actor: textOf(row['actor']),
    tokenId: textOf(row['token_id']),
    address: textOf(row['address']),
  };
}

function textOf(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
