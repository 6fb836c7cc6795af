/**
 * Writes what is used of quotas into the registry. What is needed soon is written together, in one transaction; what a
 * request needs at once takes along what waits. While the registry cannot be written, quotas that refuse forward nothing
 * beyond what is reserved.
 */
import { SYSTEM } from '../../core/access/actor.ts';
import type { Clock } from '../../core/ports.ts';
import type { Quota } from '../../core/quota/quota.ts';
import type { QuotaEntry, QuotaLedger, Written } from '../../core/quota/quota-period.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { QuotaKey, QuotaState, QuotaStore } from '../../core/stores/quota-store.ts';
import type { Logger } from '../../logger.ts';

const SOON_MS = 100;
const RETRY_MS = 1000;

export interface StoredLedgerOptions {
  readonly store: QuotaStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<EventLog, 'append'>;
}

export class StoredLedger implements QuotaLedger {
  private readonly options: StoredLedgerOptions;
  private readonly waiting = new Set<Written>();
  private timer: (() => void) | null = null;
  private hasFailed = false;

  constructor(options: StoredLedgerOptions) {
    this.options = options;
  }

  read(key: QuotaKey): QuotaState | 'forgotten' | 'unknown' | null {
    try {
      return this.options.store.read(key);
    } catch (error) {
      this.failed(error);
      return 'unknown';
    }
  }

  write(entry: QuotaEntry): boolean {
    return this.save([[null, entry], ...this.due()]);
  }

  soon(written: Written): void {
    this.waiting.add(written);
    this.timer ??= this.options.clock.after(SOON_MS, () => this.flush());
  }

  /** Writes it no more. */
  cancel(written: Written): void {
    this.waiting.delete(written);
  }

  announce(tenantId: string, { meter, limit, period }: Quota, percent: 80 | 100): void {
    const { events, clock } = this.options;
    const message = `${percent} % of its quota of ${meter} for this ${period} are used`;
    const data = { meter, limit, period };
    const type = percent === 80 ? 'quota-80' : 'quota-100';
    events.append({ atMs: clock.nowMs(), type, instance: null, tenant: tenantId, message, data, by: SYSTEM });
  }

  /** Writes what waits, and in its place the last entries. */
  close(last: readonly QuotaEntry[]): void {
    this.timer?.();
    this.save([...this.due(), ...last.map((entry): Due => [null, entry])]);
  }

  private flush(): void {
    this.timer = null;
    if (!this.save(this.due())) this.timer = this.options.clock.after(RETRY_MS, () => this.flush());
  }

  private due(): Due[] {
    return [...this.waiting].flatMap((written): Due[] => {
      const entry = written.entry();
      return entry === null ? [] : [[written, entry]];
    });
  }

  private save(all: readonly Due[]): boolean {
    try {
      if (all.length > 0) this.options.store.save(all.map(([, entry]) => entry));
    } catch (error) {
      this.failed(error);
      return false;
    }
    this.waiting.clear();
    for (const [written, entry] of all) written?.wrote(entry);
    if (this.hasFailed) this.options.logger.info({}, 'quotas can be written again');
    this.hasFailed = false;
    return true;
  }

  private failed(error: unknown): void {
    const { logger } = this.options;
    if (!this.hasFailed)
      logger.error({ err: error }, 'quotas cannot be written; requests that are not reserved get 503');
    this.hasFailed = true;
  }
}

/** An entry, and whose it is; null: it was asked for by itself. */
type Due = readonly [written: Written | null, entry: QuotaEntry];
