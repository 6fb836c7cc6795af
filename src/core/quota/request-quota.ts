/**
 * A quota of requests, counted to the unit. Units are reserved on disk before they are used, some at a time: after a crash
 * all reserved ones count as used, so that there are never more than the limit. Pure.
 */
import type { Quota } from './quota.ts';
import { type OverQuotaTerms, type QuotaEntry, type QuotaLedger, QuotaPeriod, type Written } from './quota-period.ts';

/** Part of the limit that is reserved at a time, which is also what a crash may lose. */
const CHUNK_SHARE = 0.01;
const MAX_CHUNK = 10_000;

export class RequestQuota implements Written {
  readonly period: QuotaPeriod;
  private readonly terms: OverQuotaTerms;
  private readonly ledger: QuotaLedger;
  private readonly chunk: number;
  /** Units used, and given to workers. */
  private used = 0;
  private lent = 0;
  private reserved = 0;

  constructor(tenantId: string, quota: Quota, terms: OverQuotaTerms, ledger: QuotaLedger) {
    this.period = new QuotaPeriod(tenantId, quota, terms, ledger);
    this.terms = terms;
    this.ledger = ledger;
    this.chunk = Math.min(Math.ceil(quota.limit * CHUNK_SHARE), MAX_CHUNK);
  }

  /** How many requests were forwarded in the current period, with those that may have been before a crash. */
  get count(): number {
    return this.used;
  }

  /**
   * Enters another period if the time is in one. Returns whether the count is known.
   * @param onLeft called before, while the count is that of the period that ends
   */
  update(nowMs: number, onLeft: () => void): boolean {
    if (this.period.contains(nowMs)) return true;
    onLeft();
    const reserved = this.period.enter(nowMs);
    if (reserved === null) return false;
    this.used = reserved;
    this.reserved = reserved;
    this.lent = 0;
    this.note(nowMs);
    return true;
  }

  /** Goes on from a quota of the same tenant under another plan. Another kind of period begins anew. */
  continue(before: RequestQuota, nowMs: number): void {
    if (!this.period.continue(before.period)) return;
    this.used = before.used;
    this.reserved = before.reserved;
    this.note(nowMs);
  }

  isOver(nowMs: number): boolean {
    return this.used >= this.period.quota.limit && !this.period.isLenient(nowMs);
  }

  /** How many units may be taken now. */
  room(nowMs: number): number {
    const given = this.used + this.lent;
    if (given < this.period.quota.limit) return this.period.quota.limit - given;
    return this.period.isLenient(nowMs) ? Number.POSITIVE_INFINITY : 0;
  }

  /** How many units may be taken without a write. */
  get secured(): number {
    return Math.max(0, this.reserved - this.used - this.lent);
  }

  /** Takes one unit, within the room. Returns false when it cannot be reserved. */
  take(nowMs: number): boolean {
    if (!this.secure()) return false;
    this.used += 1;
    this.note(nowMs);
    return true;
  }

  /** Gives back a unit that was taken in vain. */
  refund(): void {
    this.used -= 1;
  }

  lend(units: number, nowMs: number): void {
    this.lent += units;
    this.reserveAhead(nowMs);
  }

  settle({ spent, returned }: { readonly spent: number; readonly returned: number }, nowMs: number): void {
    this.lent -= spent + returned;
    this.used += spent;
    this.note(nowMs);
  }

  entry(): QuotaEntry | null {
    if (this.period.span.endMs === 0) return null;
    return this.period.entry(Math.max(this.reserved, this.reservation));
  }

  /** Returns what to write at the end: units that were reserved in vain are given back. */
  lastEntry(): QuotaEntry | null {
    return this.period.span.endMs === 0 ? null : this.period.entry(this.used + this.lent);
  }

  wrote({ startMs, reserved }: QuotaEntry): void {
    if (startMs === this.period.span.startMs) this.reserved = Math.max(this.reserved, reserved);
  }

  /** Only a quota that refuses needs the reservation before the request. */
  private secure(): boolean {
    if (this.secured > 0 || this.terms.overQuota === 'warn') return true;
    const entry = this.period.entry(this.reservation);
    if (!this.ledger.write(entry)) return false;
    this.wrote(entry);
    return true;
  }

  /** The reservation with the next chunk, which does not pass the limit on its way. */
  private get reservation(): number {
    const given = this.used + this.lent;
    const { limit } = this.period.quota;
    return given < limit ? Math.min(limit, given + this.chunk) : given + this.chunk;
  }

  private note(nowMs: number): void {
    if (this.period.note(this.used, nowMs)) this.ledger.soon(this);
    else this.reserveAhead(nowMs);
  }

  private reserveAhead(nowMs: number): void {
    if (this.secured > this.chunk / 2 || this.reservation <= this.reserved || this.room(nowMs) === 0) return;
    this.ledger.soon(this);
  }
}
