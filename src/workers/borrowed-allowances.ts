/**
 * The allowances of tenants as a worker has them: what it borrowed from the server, and refusals that hold for a while. The
 * worker asks the server about every other request.
 */
import type { Refusal } from '../core/admission/serving.ts';
import { type InstanceName, parseInstanceName } from '../core/lifecycle/instance.ts';
import { Borrowed } from '../core/quota/borrowed.ts';
import type { LoanAccount, LoanGrant } from '../core/quota/loan.ts';
import type { ErrorCode } from '../errors.ts';

/** What is not used for so long is given back. */
const UNUSED_MS = 1000;

/** What the server is told. */
interface Reports {
  account(account: LoanAccount, isAnswer: boolean): void;
  /** The worker has refused so many requests by itself. */
  repeated(tenantId: string, code: ErrorCode, requests: number): void;
}

interface Standing {
  readonly refusal: Refusal;
  /** Ms of `performance.now()`. */
  readonly untilMs: number;
  /** How many requests got it from the worker. */
  repeated: number;
}

export class BorrowedAllowances {
  private readonly tell: Reports;
  private readonly all = new Map<string, Borrowed>();
  private readonly refusals = new Map<string, Standing>();
  /** Tenants that had a request since the last look. */
  private readonly used = new Set<Borrowed>();
  private watch: NodeJS.Timeout | null = null;

  constructor(tell: Reports) {
    this.tell = tell;
  }

  /** Admits a request with what was borrowed. Returns null when the server must decide. */
  take(tenantId: string): Borrowed | null {
    const borrowed = this.all.get(tenantId);
    if (borrowed === undefined || !borrowed.take(Date.now())) return null;
    this.used.add(borrowed);
    return borrowed;
  }

  /** Ends a request. @param epoch that of its permit, which is given back; null: the permit is spent */
  release(borrowed: Borrowed, epoch: number | null): void {
    if (borrowed.release(epoch)) this.tell.account(borrowed.account(), false);
  }

  /** Tells the server what was spent, before it decides about the next request. */
  report(instance: InstanceName): void {
    const borrowed = this.all.size === 0 ? undefined : this.all.get(parseInstanceName(instance).tenantId);
    if (borrowed !== undefined) this.tell.account(borrowed.account(), false);
  }

  add(grant: LoanGrant): void {
    const borrowed = this.all.get(grant.tenantId) ?? new Borrowed(grant.tenantId);
    this.all.set(grant.tenantId, borrowed);
    borrowed.add(grant);
    this.used.add(borrowed);
    this.watch ??= setInterval(() => this.giveBackUnused(), UNUSED_MS).unref();
  }

  /** Gives back what is not needed, and forgets refusals. */
  recall(tenantId: string): void {
    this.tellRepeated(tenantId, this.refusals.get(tenantId));
    this.refusals.delete(tenantId);
    const borrowed = this.all.get(tenantId) ?? new Borrowed(tenantId);
    this.tell.account(borrowed.settle(), true);
  }

  /** Notes a refusal that holds for all requests of the tenant. */
  note(instance: InstanceName, refusal: Refusal): void {
    if (refusal.holdsForMs === undefined) return;
    const { tenantId } = parseInstanceName(instance);
    this.tellRepeated(tenantId, this.refusals.get(tenantId));
    this.refusals.set(tenantId, { refusal, untilMs: performance.now() + refusal.holdsForMs, repeated: 0 });
  }

  /** Returns a refusal that still holds. */
  refusal(instance: InstanceName): Refusal | null {
    if (this.refusals.size === 0) return null;
    const { tenantId } = parseInstanceName(instance);
    const standing = this.refusals.get(tenantId);
    if (standing === undefined) return null;
    if (performance.now() < standing.untilMs) {
      standing.repeated += 1;
      return standing.refusal;
    }
    this.tellRepeated(tenantId, standing);
    this.refusals.delete(tenantId);
    return null;
  }

  private tellRepeated(tenantId: string, standing: Standing | undefined): void {
    if (standing === undefined || standing.repeated === 0) return;
    this.tell.repeated(tenantId, standing.refusal.refused, standing.repeated);
    standing.repeated = 0;
  }

  private giveBackUnused(): void {
    const all = [...this.all.values()];
    for (const borrowed of all) {
      if (borrowed.isUnused && !this.used.has(borrowed)) this.tell.account(borrowed.settle(), false);
    }
    this.used.clear();
    if (this.watch === null || all.some((borrowed) => borrowed.isUnused)) return;
    clearInterval(this.watch);
    this.watch = null;
  }
}
