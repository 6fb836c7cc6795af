/**
 * What has changed for the dashboards that are open. It listens from the first list or stream until a minute after the
 * last one, and closes a batch of names once a second. Clients make rows of the names when they can take them, so that one
 * that does not read has nothing waiting for it.
 */
import { randomBytes } from 'node:crypto';
import { ChangeLog, type Changes } from '../../core/dashboard/change-log.ts';
import type { LiveFace } from '../../core/dashboard/live-face.ts';
import type { EventLog, TenementEvent } from '../../core/stores/event-log.ts';

const BATCH_MS = 1000;
/** A tenant's counts follow those of its instances, which change as often as requests come. */
const COUNTS_EVERY = 10;
/** How many batches the feed goes on without a client, for one that comes back. */
const LINGER = 60;

export interface ChangeFeedDeps {
  readonly supervisor: { readonly live: Pick<LiveFace, 'watch'> };
  readonly events: Pick<EventLog, 'subscribe'>;
  /** Default: a second. */
  readonly batchMs?: number;
}

export class ChangeFeed {
  private readonly deps: ChangeFeedDeps;
  private log = new ChangeLog(0);
  /** Of one period of listening; empty between them. A cursor of another period is unknown. */
  private epoch = '';
  private stopListening = () => {};
  /** Tenants of which only counts may have changed. */
  private readonly counted = new Set<string>();
  private readonly waiting = new Set<() => void>();
  private clients = 0;
  private ticks = 0;
  private ticksWithoutClient = 0;

  constructor(deps: ChangeFeedDeps) {
    this.deps = deps;
  }

  /** Listens from now on. Returns a cursor: `since` of it has whatever changes later. */
  begin(): string {
    this.ticksWithoutClient = 0;
    if (this.epoch === '') this.listen();
    return this.cursor;
  }

  /** Cursor of the newest batch. */
  get cursor(): string {
    return this.cursorOf(this.log.version);
  }

  cursorOf(version: number): string {
    return `${this.epoch}.${version}`;
  }

  /** Whether nothing has changed since the newest batch. */
  get isQuiet(): boolean {
    return !this.log.isOpen && this.counted.size === 0;
  }

  /** Returns what has changed since a cursor; null: that is not known. */
  since(cursor: string): Changes | null {
    const [epoch, version = ''] = cursor.split('.');
    return epoch === this.epoch && /^\d{1,15}$/.test(version) ? this.log.since(Number(version)) : null;
  }

  /** Goes on until the returned function is called. */
  join(): () => void {
    this.begin();
    this.clients += 1;
    let isIn = true;
    return () => {
      if (isIn) this.clients -= 1;
      isIn = false;
    };
  }

  /** Settles when the next batch is closed, or `signal` aborts. */
  nextBatch(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal.aborted) return Promise.resolve();
    const done = () => {
      this.waiting.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    this.waiting.add(done);
    signal.addEventListener('abort', done);
    return promise;
  }

  /** Listens no more, until `begin`. */
  end(): void {
    this.stopListening();
    this.stopListening = () => {};
    this.epoch = '';
    this.log = new ChangeLog(0);
    this.counted.clear();
  }

  private listen(): void {
    const { supervisor, events, batchMs = BATCH_MS } = this.deps;
    this.epoch = randomBytes(6).toString('hex');
    const unwatch = supervisor.live.watch((name) => this.changed(name));
    const unsubscribe = events.subscribe((event) => this.happened(event));
    const timer = setInterval(() => this.tick(), batchMs).unref();
    this.stopListening = () => {
      unwatch();
      unsubscribe();
      clearInterval(timer);
    };
  }

  private changed(name: string): void {
    this.log.mark(name);
    const colon = name.indexOf(':');
    if (colon >= 0) this.counted.add(name.slice(colon + 1));
  }

  private happened(event: TenementEvent): void {
    // With another config every row may be another: no earlier cursor is known any more.
    if (event.type === 'reloaded') this.log = new ChangeLog(this.log.version + 1);
    this.log.note(event);
    if (event.tenant !== null) this.log.mark(event.tenant);
  }

  private tick(): void {
    this.ticks += 1;
    if (this.ticks % COUNTS_EVERY === 0) {
      for (const tenantId of this.counted) this.log.mark(tenantId);
      this.counted.clear();
    }
    this.ticksWithoutClient = this.clients > 0 ? 0 : this.ticksWithoutClient + 1;
    if (this.ticksWithoutClient > LINGER) return this.end();
    if (this.log.close()) for (const done of this.waiting) done();
  }
}
