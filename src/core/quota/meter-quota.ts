/** A quota of what is measured from time to time: processor time, waking time, bytes sent. Pure. */
import type { Quota } from './quota.ts';
import { type OverQuotaTerms, type QuotaEntry, type QuotaLedger, QuotaPeriod, type Written } from './quota-period.ts';

/** Returns what a tenant has used since the start of a period, ms since the epoch; null: that is unknown now. */
export type TotalSince = (tenantId: string, meter: Quota['meter'], fromMs: number) => number | null;

export class MeterQuota implements Written {
  readonly period: QuotaPeriod;
  private readonly ledger: QuotaLedger;
  private readonly total: TotalSince;
  private measured = 0;

  constructor(tenantId: string, quota: Quota, terms: OverQuotaTerms, ledger: QuotaLedger, total: TotalSince) {
    this.period = new QuotaPeriod(tenantId, quota, terms, ledger);
    this.ledger = ledger;
    this.total = total;
  }

  get count(): number {
    return this.measured;
  }

  /** Enters another period if the time is in one. */
  update(nowMs: number): void {
    if (this.period.contains(nowMs) || this.period.enter(nowMs) === null) return;
    this.measured = 0;
    this.measure(nowMs);
  }

  /** Looks at what is used. */
  measure(nowMs: number): void {
    const { tenantId, quota, span } = this.period;
    this.measured = this.total(tenantId, quota.meter, span.startMs) ?? this.measured;
    if (this.period.note(this.measured, nowMs)) this.ledger.soon(this);
  }

  isOver(nowMs: number): boolean {
    return this.period.reachedAtMs !== null && !this.period.isLenient(nowMs);
  }

  entry(): QuotaEntry | null {
    return this.period.span.endMs === 0 ? null : this.period.entry(0);
  }

  wrote(): void {}
}
