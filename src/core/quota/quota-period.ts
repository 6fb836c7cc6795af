/** Where a tenant stands towards one of its quotas in the current period. Pure. */
import type { QuotaKey, QuotaState } from '../stores/quota-store.ts';
import { type PeriodSpan, periodAt } from './period.ts';
import type { Quota } from './quota.ts';
import type { QuotaPolicy } from './quota-policy.ts';

export type QuotaEntry = QuotaKey & QuotaState;
export type OverQuotaTerms = Pick<QuotaPolicy, 'overQuota' | 'graceMs'>;

/** Something whose state is to be written. */
export interface Written {
  /** Returns what to write now; null: nothing. */
  entry(): QuotaEntry | null;
  /** The entry is on disk. */
  wrote(entry: QuotaEntry): void;
}

/** Keeps the state of quotas over restarts, and announces what happens to them. */
export interface QuotaLedger {
  /** `unknown`: it cannot be read now. */
  read(key: QuotaKey): QuotaState | 'forgotten' | 'unknown' | null;
  /** Writes at once, durably. Returns false when that is impossible now. */
  write(entry: QuotaEntry): boolean;
  /** Writes soon, with what others have to write. */
  soon(written: Written): void;
  /** Announces that 80 or 100 per cent of a quota are used. */
  announce(tenantId: string, quota: Quota, percent: 80 | 100): void;
}

/** The span of no period. */
const NEVER: PeriodSpan = { startMs: 0, endMs: 0 };

export class QuotaPeriod {
  readonly tenantId: string;
  readonly quota: Quota;
  span = NEVER;
  announced: QuotaState['announced'] = 0;
  reachedAtMs: number | null = null;
  private readonly terms: OverQuotaTerms;
  private readonly ledger: QuotaLedger;

  constructor(tenantId: string, quota: Quota, terms: OverQuotaTerms, ledger: QuotaLedger) {
    this.tenantId = tenantId;
    this.quota = quota;
    this.terms = terms;
    this.ledger = ledger;
  }

  contains(nowMs: number): boolean {
    return nowMs >= this.span.startMs && nowMs < this.span.endMs;
  }

  /**
   * Enters the period that contains a time. Returns what is reserved in it, or null when that cannot be read now. A
   * period that is forgotten counts as used up, because a clock that goes back must not give it a second time.
   */
  enter(nowMs: number): number | null {
    const { quota } = this;
    const span = periodAt(quota.period, nowMs);
    const state = this.ledger.read(this.keyOf(span));
    if (state === 'unknown') return null;
    this.span = span;
    if (state === 'forgotten') {
      this.announced = 100;
      this.reachedAtMs = 0;
      return quota.limit;
    }
    const isSameLimit = state?.limit === quota.limit;
    this.announced = isSameLimit ? state.announced : 0;
    this.reachedAtMs = isSameLimit ? state.reachedAtMs : null;
    return state?.reserved ?? 0;
  }

  /** Goes on from another quota's period, if it is of the same kind. The limit is announced anew if it differs. */
  continue({ quota, span, announced, reachedAtMs }: QuotaPeriod): boolean {
    if (quota.period !== this.quota.period) return false;
    this.span = span;
    if (quota.limit !== this.quota.limit) return true;
    this.announced = announced;
    this.reachedAtMs = reachedAtMs;
    return true;
  }

  /** Until when a tenant that is served now is served at least, while it stays within its limit. */
  servedUntilMs(nowMs: number): number {
    const graceEndMs = this.graceEndMs(nowMs);
    return graceEndMs === null ? this.span.endMs : Math.min(this.span.endMs, graceEndMs);
  }

  /** Whether a tenant that has reached the limit is still served. */
  isLenient(nowMs: number): boolean {
    return this.terms.overQuota === 'warn' || this.graceEndMs(nowMs) !== null;
  }

  /** Returns the end of the grace, or null outside of it. A clock that was set back does not prolong it. */
  private graceEndMs(nowMs: number): number | null {
    const { reachedAtMs, terms } = this;
    if (reachedAtMs === null || terms.overQuota === 'warn' || nowMs < reachedAtMs) return null;
    const endMs = reachedAtMs + terms.graceMs;
    return nowMs < endMs ? endMs : null;
  }

  /** Notes how much is used, and announces it once. Returns whether something is to be written. */
  note(used: number, nowMs: number): boolean {
    const { limit } = this.quota;
    const was = this.announced;
    if (used >= 0.8 * limit) this.announce(80);
    if (used >= limit) {
      this.announce(100);
      this.reachedAtMs ??= nowMs;
    }
    return this.announced !== was;
  }

  entry(reserved: number): QuotaEntry {
    const { announced, reachedAtMs } = this;
    return { ...this.keyOf(this.span), limit: this.quota.limit, reserved, announced, reachedAtMs };
  }

  private announce(percent: 80 | 100): void {
    if (this.announced >= percent) return;
    this.announced = percent;
    this.ledger.announce(this.tenantId, this.quota, percent);
  }

  private keyOf({ startMs }: PeriodSpan): QuotaKey {
    return { tenantId: this.tenantId, meter: this.quota.meter, period: this.quota.period, startMs };
  }
}
