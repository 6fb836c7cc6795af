/**
 * What one tenant may have forwarded, whichever service a request is for: quotas, a rate, and how many requests may be open
 * at once. A request is admitted and counted in one step. Workers are lent parts of it. Pure.
 */

import type { ErrorCode } from '../../errors.ts';
import type { Outcome, Refusal } from '../admission/serving.ts';
import { TokenBucket } from '../admission/token-bucket.ts';
import { type Held, type Lender, Loan, type LoanChange, type LoanGrant } from './loan.ts';
import { MeterQuota, type TotalSince } from './meter-quota.ts';
import type { QuotaEntry, QuotaLedger } from './quota-period.ts';
import type { QuotaPolicy } from './quota-policy.ts';
import { type Counts, overQuota, tooFast, tooMany, UNCOUNTED } from './refusals.ts';
import { RequestQuota } from './request-quota.ts';

export interface AllowanceDeps {
  /** Ms since the epoch. */
  nowMs(): number;
  /** Ms of a clock that is never set. */
  steadyMs(): number;
  readonly ledger: QuotaLedger;
  readonly total: TotalSince;
  /** A request was answered with this refusal. */
  onRefused(code: ErrorCode): void;
}

/** Admits requests, and counts them from then on. */
export interface Meter {
  /** Number of the current period and plan; a request is given back only within one. */
  readonly epoch: number;
  /** Admits a request, or says why not. */
  take(): Refusal | null;
  /** Says why a request would not be admitted now; null: it would be. */
  refusal(): Refusal | null;
  /** Ends a request that was admitted. @param epoch the number when it was */
  release(outcome: Outcome | undefined, epoch: number): void;
}

/** Permits that a worker may have in hand at most. */
const MAX_PERMITS = 1000;
/** The epoch of requests that are not given back. */
const NO_EPOCH = -1;

export class Allowance implements Meter, Lender {
  readonly tenantId: string;
  epoch = 0;
  private policy: QuotaPolicy;
  private bucket: TokenBucket | null;
  private requests: RequestQuota | null;
  private meters: readonly MeterQuota[];
  private readonly deps: AllowanceDeps;
  private readonly loans = new Set<Loan>();
  /** Open requests, and slots of workers. */
  private open = 0;
  private waiting: (() => void)[] = [];
  /** The same for requests that are sent again: they were counted before, but are open again. */
  readonly secondTries: Meter = {
    epoch: NO_EPOCH,
    take: () => this.begin(this.secondTries.refusal()),
    refusal: () => (this.isFull ? tooMany(this.counts(this.deps.nowMs())) : null),
    release: () => this.release(undefined, NO_EPOCH),
  };

  constructor(tenantId: string, policy: QuotaPolicy, deps: AllowanceDeps) {
    this.tenantId = tenantId;
    this.deps = deps;
    this.policy = policy;
    this.bucket = this.newBucket();
    this.requests = this.newRequests();
    this.meters = this.newMeters();
  }

  /** Applies a changed plan. What was used stays used. */
  renew(policy: QuotaPolicy): void {
    if (policy === this.policy || JSON.stringify(policy) === JSON.stringify(this.policy)) return;
    this.voidLoans();
    const { bucket, requests } = this;
    const hasSameRate = JSON.stringify(policy.rate) === JSON.stringify(this.policy.rate);
    this.policy = policy;
    if (!hasSameRate) this.bucket = this.newBucket();
    if (!hasSameRate && bucket !== null) this.bucket?.cap(bucket.available(this.deps.steadyMs()));
    this.requests = this.newRequests();
    if (requests !== null) this.requests?.continue(requests, this.deps.nowMs());
    this.meters = this.newMeters();
  }

  // ---- Requests ------------------------------------------------------------------------------

  take(): Refusal | null {
    const nowMs = this.deps.nowMs();
    const refused = this.begin(this.refusalAt(nowMs));
    if (refused !== null) return refused;
    if (this.requests?.take(nowMs) === false) {
      this.open -= 1;
      return UNCOUNTED;
    }
    this.bucket?.spend(1);
    return null;
  }

  refusal(): Refusal | null {
    return this.refusalAt(this.deps.nowMs());
  }

  release(outcome: Outcome | undefined, epoch: number): void {
    this.open -= 1;
    if (outcome !== 'unsent' || epoch !== this.epoch) return;
    this.requests?.refund();
    this.bucket?.giveBack(1);
  }

  private begin(refused: Refusal | null): Refusal | null {
    if (refused === null) this.open += 1;
    return refused;
  }

  private refusalAt(nowMs: number): Refusal | null {
    const { requests, bucket } = this;
    if (!this.update(nowMs)) return UNCOUNTED;
    const over =
      requests !== null && requests.room(nowMs) < 1 ? requests : this.meters.find((one) => one.isOver(nowMs));
    if (over !== undefined) return overQuota(over.period, this.counts(nowMs));
    if (this.isFull) return tooMany(this.counts(nowMs));
    if (bucket !== null && bucket.available(this.deps.steadyMs()) < 1) return tooFast(bucket, this.counts(nowMs));
    return null;
  }

  private get isFull(): boolean {
    return this.policy.maxConnections !== null && this.open >= this.policy.maxConnections;
  }

  /** Enters other periods. Returns false when a quota that refuses does not know what is used. */
  private update(nowMs: number): boolean {
    for (const meter of this.meters) meter.update(nowMs);
    const isKnown = this.requests === null || this.requests.update(nowMs, () => this.voidLoans());
    return isKnown || this.policy.overQuota === 'warn';
  }

  private counts(nowMs: number): Counts {
    const { policy, bucket, open } = this;
    return { policy, bucket, quotas: this.quotas, open, nowMs, steadyMs: this.deps.steadyMs() };
  }

  // ---- State ---------------------------------------------------------------------------------

  /** Looks at what is used of the quotas that are measured. */
  measure(): void {
    const nowMs = this.deps.nowMs();
    this.update(nowMs);
    for (const meter of this.meters) meter.measure(nowMs);
    const isLent = [...this.loans].some((loan) => loan.isOut);
    if (isLent && this.meters.some((meter) => meter.isOver(nowMs))) this.voidLoans();
  }

  /** Its quotas with what is used of them now. */
  get quotas(): readonly (RequestQuota | MeterQuota)[] {
    return this.requests === null ? this.meters : [this.requests, ...this.meters];
  }

  /** The same, in the periods of this moment. */
  get current(): readonly (RequestQuota | MeterQuota)[] {
    this.update(this.deps.nowMs());
    return this.quotas;
  }

  /** Whether its requests are refused until a period ends. */
  get isOver(): boolean {
    const nowMs = this.deps.nowMs();
    return this.current.some((quota) => quota.isOver(nowMs));
  }

  /** Returns what to write when nothing is forwarded any more. */
  lastEntry(): QuotaEntry | null {
    return this.requests?.lastEntry() ?? null;
  }

  /** Returns a refusal that a request is answered with, after counting it. */
  refuse(refusal: Refusal): Refusal {
    this.deps.onRefused(refusal.refused);
    return refusal;
  }

  // ---- Workers -------------------------------------------------------------------------------

  /** Opens an account for a worker. @param recall asks it for what it does not need */
  openLoan(recall: () => void): Loan {
    const loan = new Loan(this, recall);
    this.loans.add(loan);
    return loan;
  }

  /** Lends at most a part of what is there, so that little has to be recalled. */
  lend(held: Held): LoanGrant | null {
    const nowMs = this.deps.nowMs();
    if (this.refusalAt(nowMs) !== null) return null;
    const permits = this.shareOf(this.permits(nowMs), held.permits);
    const slots =
      this.policy.maxConnections === null ? null : this.shareOf(this.policy.maxConnections - this.open, held.slots);
    if (permits < 1 || (slots !== null && slots + held.slots < 1)) return null;
    this.requests?.lend(permits, nowMs);
    this.bucket?.lend(permits, this.deps.steadyMs());
    this.open += slots ?? 0;
    return { tenantId: this.tenantId, epoch: this.epoch, permits, slots, ...this.validity(nowMs) };
  }

  settle({ spent, returned, slots }: LoanChange): void {
    this.open -= slots;
    if (spent === 0 && returned === 0) return;
    this.requests?.settle({ spent, returned }, this.deps.nowMs());
    this.bucket?.settle({ spent, returned }, this.deps.steadyMs());
  }

  /** Recalls what workers do not need. Settles when they have answered; null when they have nothing. */
  recall(): Promise<void> | null {
    const out = [...this.loans].filter((loan) => loan.isOut);
    if (out.length === 0) return null;
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      for (const loan of out) loan.recall();
    });
  }

  answered(): void {
    if ([...this.loans].some((loan) => loan.isAsked)) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  over(loan: Loan): void {
    this.loans.delete(loan);
    this.answered();
  }

  /** Makes all permits void. Those that are out count as spent. */
  private voidLoans(): void {
    this.epoch += 1;
    let spent = 0;
    for (const loan of this.loans) spent += loan.voidPermits(this.epoch);
    this.settle({ spent, returned: 0, slots: 0 });
  }

  private permits(nowMs: number): number {
    const { requests, bucket } = this;
    const ofQuota = requests === null ? MAX_PERMITS : Math.min(requests.secured, requests.room(nowMs));
    return Math.min(ofQuota, bucket?.available(this.deps.steadyMs()) ?? MAX_PERMITS, MAX_PERMITS);
  }

  /** Returns how much more a worker may have than it holds. */
  private shareOf(left: number, held: number): number {
    return Math.max(0, Math.floor((left + held) / (2 * this.loans.size)) - held);
  }

  /** When permits that are lent now hold. */
  private validity(nowMs: number): Pick<LoanGrant, 'fromMs' | 'untilMs'> {
    const until = this.quotas.map(({ period }) => period.servedUntilMs(nowMs));
    const from = this.quotas.map(({ period }) => period.span.startMs);
    return until.length === 0
      ? { fromMs: null, untilMs: null }
      : { fromMs: Math.max(...from), untilMs: Math.min(...until) };
  }

  // ---- Parts ---------------------------------------------------------------------------------

  private newBucket(): TokenBucket | null {
    const { rate } = this.policy;
    return rate === null ? null : new TokenBucket(rate.requests / rate.perS, rate.burst, this.deps.steadyMs());
  }

  private newRequests(): RequestQuota | null {
    const quota = this.policy.quotas.find(({ meter }) => meter === 'requests');
    return quota === undefined ? null : new RequestQuota(this.tenantId, quota, this.policy, this.deps.ledger);
  }

  private newMeters(): MeterQuota[] {
    const { ledger, total } = this.deps;
    const measured = this.policy.quotas.filter(({ meter }) => meter !== 'requests');
    return measured.map((quota) => new MeterQuota(this.tenantId, quota, this.policy, ledger, total));
  }
}
