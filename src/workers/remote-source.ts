/**
 * The supervisor as a worker sees it. The worker claims a granted process by itself and counts in the same step; for
 * any other it asks the server. Counts are reported soon after, or at once when the server waits for them.
 */

import type {
  Admission,
  LeaseTarget,
  Refusal,
  Requester,
  SecondTry,
  UpstreamSource,
} from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { LoanGrant } from '../core/quota/loan.ts';
import { BorrowedAllowances } from './borrowed-allowances.ts';
import { ClaimCounter, type CountingSource, LocalLease, RemoteLease } from './leases.ts';
import type { FromWorker } from './protocol.ts';

/** How old counts may be before they are reported. */
const REPORT_MS = 50;

export class RemoteSource implements UpstreamSource, CountingSource {
  readonly allowances: BorrowedAllowances;
  readonly send: (message: FromWorker) => void;
  private readonly registered = new Set<InstanceName>();
  private readonly granted = new Map<InstanceName, LeaseTarget>();
  private readonly counters = new Map<number, ClaimCounter>();
  private readonly changed = new Set<number>();
  /** Retired processes that are still in use; their counts are reported at once. */
  private readonly retired = new Set<number>();
  private readonly waiting = new Map<number, (claim: Admission) => void>();
  private readonly listeners: ((generation: number) => void)[] = [];
  private reporting: NodeJS.Timeout | null = null;
  private lastId = 0;

  constructor(send: (message: FromWorker) => void) {
    this.send = send;
    this.allowances = new BorrowedAllowances({
      account: (account, isAnswer) => send({ type: 'account', account, isAnswer }),
      repeated: (tenantId, code, requests) => send({ type: 'repeated', tenantId, code, requests }),
    });
  }

  // ---- Calls of the proxy --------------------------------------------------------------------

  has(instance: InstanceName): boolean {
    return this.registered.has(instance);
  }

  /** Only the server decides about a request that is sent again. */
  claim(
    instance: InstanceName,
    signal: AbortSignal,
    again?: SecondTry,
    requester?: Requester,
  ): Admission | Promise<Admission> {
    const target = again === undefined ? this.granted.get(instance) : undefined;
    if (target !== undefined) {
      const borrowed = target.isMetered ? this.allowances.take(target.tenantId) : null;
      if (borrowed !== null || !target.isMetered)
        return new LocalLease(target, this.countedFor(target, requester), this, borrowed);
    }
    const refusal = again === undefined ? this.allowances.refusal(instance) : null;
    if (refusal !== null) return refusal;
    this.allowances.report(instance);
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve) => {
      const leave = () => this.send({ type: 'abort', id });
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.set(id, (claim) => {
        signal.removeEventListener('abort', leave);
        if ('refused' in claim) this.allowances.note(instance, claim);
        resolve(claim);
      });
      const client = requester?.client ?? null;
      this.send({ type: 'claim', id, instance, client, ...(again === undefined ? {} : { again }) });
    });
  }

  countConnection(generation: number, change: 1 | -1): void {
    this.counterOf(generation).connections += change;
    this.note(generation);
  }

  onRetired(listener: (generation: number) => void): void {
    this.listeners.push(listener);
  }

  // ---- Messages of the server ----------------------------------------------------------------

  register(instance: InstanceName, registered: boolean): void {
    if (registered) this.registered.add(instance);
    else this.registered.delete(instance);
  }

  leased(id: number, lease: LeaseTarget & { heldMs: number | null }, granted: boolean, loan: LoanGrant | null): void {
    if (loan !== null) this.allowances.add(loan);
    if (granted) this.granted.set(lease.instance, lease);
    this.settle(id, new RemoteLease(lease, id, this.counterOf(lease.generation), this));
  }

  refused(id: number, refusal: Refusal): void {
    this.settle(id, refusal);
  }

  retarget(target: LeaseTarget): void {
    if (this.granted.has(target.instance)) this.granted.set(target.instance, target);
  }

  /** Asks for each request to a process again that goes on. */
  endGrant(generation: number): void {
    if (this.forgetGrant(generation)) {
      this.changed.delete(generation);
      this.send({ type: 'confirm', share: this.counterOf(generation).share(generation) });
    }
  }

  private forgetGrant(generation: number): boolean {
    for (const [instance, target] of this.granted) {
      if (target.generation === generation) return this.granted.delete(instance);
    }
    return false;
  }

  retire(generation: number): void {
    this.forgetGrant(generation);
    this.retired.add(generation);
    this.changed.delete(generation);
    this.send({ type: 'confirm', share: this.counterOf(generation).share(generation) });
    for (const listener of this.listeners) listener(generation);
    this.tidy(generation);
  }

  // ---- Counts --------------------------------------------------------------------------------

  /** Schedules a report, because a count of this process has changed. */
  note(generation: number): void {
    this.changed.add(generation);
    if (this.retired.has(generation)) return this.report();
    this.reporting ??= setTimeout(() => this.report(), REPORT_MS).unref();
  }

  /** Schedules reports of bytes that moved on open requests and streams. Call it regularly. */
  lookAtTraffic(): void {
    for (const generation of [...this.counters.keys()]) {
      this.lookAt(generation);
      this.tidy(generation);
    }
  }

  /** Schedules a report if bytes of this process have moved. */
  lookAt(generation: number): void {
    if (this.counters.get(generation)?.hasMoved === true) this.note(generation);
  }

  report(): void {
    if (this.reporting !== null) clearTimeout(this.reporting);
    this.reporting = null;
    const shares = [...this.changed].map((generation) => this.counterOf(generation).share(generation));
    this.changed.clear();
    this.send({ type: 'report', shares });
    for (const { generation } of shares) this.tidy(generation);
  }

  /** Forgets a retired process without open requests. */
  private tidy(generation: number): void {
    if (!this.retired.has(generation) || this.counters.get(generation)?.isEmpty === false) return;
    this.counters.delete(generation);
    this.retired.delete(generation);
  }

  private countedFor({ generation }: LeaseTarget, requester: Requester | undefined): ClaimCounter {
    const counter = this.counterOf(generation);
    if (requester !== undefined) counter.client ??= requester.client;
    return counter;
  }

  private counterOf(generation: number): ClaimCounter {
    const counter = this.counters.get(generation) ?? new ClaimCounter();
    this.counters.set(generation, counter);
    return counter;
  }

  private settle(id: number, claim: Admission): void {
    const settle = this.waiting.get(id);
    this.waiting.delete(id);
    settle?.(claim);
  }
}
