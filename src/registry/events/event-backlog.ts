/** Events on their way into the registry: written at once when possible, otherwise kept in order and tried again. */
import type { Clock } from '../../core/ports.ts';
import type { TenementEvent } from '../../core/stores/event-log.ts';
import { isLockedOut } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { type Database, transaction, writing } from '../database.ts';
import type { RegistryOutbox } from './outbox.ts';

const RETRY_LOCKED_MS = 50;
const RETRY_MS = 1000;
/** A lock that is held more briefly than this is not worth a warning. */
const SAY_AFTER_MS = 1000;

const INSERT = `
  INSERT OR IGNORE INTO events (seq, at_ms, type, instance, tenant, message, data, actor, token_id, address)
  VALUES (:seq, :atMs, :type, :instance, :tenant, :message, :data, :actor, :tokenId, :address)`;

export interface BacklogOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many events are kept, in the registry and in memory alike. */
  readonly keep: number;
  /** Gets the messages for events in the transaction that writes these. */
  readonly outbox: Pick<RegistryOutbox, 'wants' | 'add'>;
}

export class Backlog {
  private readonly options: BacklogOptions;
  private readonly write: (events: readonly TenementEvent[]) => void;
  private waiting: TenementEvent[] = [];
  private lastSeq: number;
  /** Why events are not being written; null unless the last write failed. */
  private failure: { readonly error: unknown; readonly sinceMs: number } | null = null;
  private told = false;
  private cancelRetry = () => {};
  private onChange: () => void = () => {};

  constructor(database: Database, options: BacklogOptions) {
    this.options = options;
    this.lastSeq = lastSeqIn(database);
    this.write = writerInto(database, options);
  }

  /** Events that are not written yet, oldest first. */
  get unwritten(): readonly TenementEvent[] {
    return this.waiting;
  }

  /** Returns the next event's number. Only one server writes, so the number is known before the event is written. */
  nextSeq(): number {
    this.lastSeq += 1;
    return this.lastSeq;
  }

  /**
   * Tries again at once after a lock: whoever appends has often just written into the registry, and an event that waited
   * on would be lost with a server that is killed then.
   */
  push(event: TenementEvent): void {
    this.waiting.push(event);
    if (this.failure === null || isLockedOut(this.failure.error)) this.flush();
    if (this.waiting.length > this.options.keep) this.waiting.shift();
  }

  async settled(timeoutMs: number): Promise<void> {
    const { clock } = this.options;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(timeoutMs, resolve);
      this.onChange = () => {
        const isHopeless = this.failure !== null && !isLockedOut(this.failure.error);
        if (this.waiting.length > 0 && !isHopeless) return;
        cancel();
        resolve();
      };
      this.onChange();
    });
    const lost = this.waiting.length;
    if (lost > 0) this.options.logger.error({ count: lost, err: this.failure?.error }, 'events were not written');
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    try {
      this.write(this.waiting);
      this.succeeded();
    } catch (error) {
      this.failed(error);
    }
    this.onChange();
  }

  private succeeded(): void {
    if (this.told) this.options.logger.info({ count: this.waiting.length }, 'events can be written again');
    this.cancelRetry();
    this.waiting = [];
    this.failure = null;
    this.told = false;
  }

  private failed(error: unknown): void {
    const { clock, logger } = this.options;
    const isLock = isLockedOut(error);
    const nowMs = clock.nowMs();
    this.failure = { error, sinceMs: this.failure?.sinceMs ?? nowMs };
    const isDue = nowMs - this.failure.sinceMs >= (isLock ? SAY_AFTER_MS : 0);
    if (isDue && !this.told) {
      this.told = true;
      logger.warn({ err: error }, 'events cannot be written; kept in memory, will be tried again');
    }
    this.cancelRetry();
    this.cancelRetry = clock.after(isLock ? RETRY_LOCKED_MS : RETRY_MS, () => this.flush());
  }
}

function lastSeqIn(database: Database): number {
  return Number(database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'").get()?.['seq'] ?? 0);
}

/** Returns a function that writes one event in its own transaction, and several in one. */
function writerInto(
  database: Database,
  { keep, outbox }: Pick<BacklogOptions, 'keep' | 'outbox'>,
): (events: readonly TenementEvent[]) => void {
  /** Old events are deleted in batches, so that an append stays one insert. */
  const batch = Math.max(1, Math.floor(keep / 10));
  const insert = database.prepare(INSERT);
  const prune = database.prepare('DELETE FROM events WHERE seq <= ?');
  const writeOne = ({ data, ...event }: TenementEvent) => {
    const { seq } = event;
    insert.run({ ...event, data: JSON.stringify(data) });
    if (seq % batch === 0) prune.run(seq - keep);
  };
  return (events) => {
    const [only] = events;
    if (only !== undefined && events.length === 1 && !outbox.wants(only)) return writing(() => writeOne(only));
    let committed = () => {};
    transaction(database, () => {
      events.forEach(writeOne);
      committed = outbox.add(events);
    });
    committed();
  };
}
