/** The server's side of one worker: answers its claims, keeps its counts, and releases everything when it is gone. */
import type { Admission, Grant, GrantSource, Lease, LeaseTarget, Outcome, Refusal } from '../core/admission/serving.ts';
import { type InstanceName, parseInstanceName } from '../core/lifecycle/instance.ts';
import type { Loan } from '../core/quota/loan.ts';
import { fault } from '../faults.ts';
import type { Logger } from '../logger.ts';
import type { FromWorker, Share, ToWorker } from './protocol.ts';
import { TrafficShares } from './traffic-shares.ts';

export class WorkerSession {
  private readonly source: GrantSource;
  private readonly logger: Logger;
  private readonly send: (message: ToWorker) => void;
  private readonly leases = new Map<number, Lease>();
  private readonly held = new Map<number, AbortController>();
  private readonly grants = new Map<number, Grant>();
  /** Tenant → what the worker has of its allowance. */
  private readonly loans = new Map<string, Loan>();
  /** Generations that the worker has stopped claiming. */
  private readonly ending = new Set<number>();
  private readonly connections = new Map<number, number>();
  private readonly trafficShares = new TrafficShares();
  private isOpen = true;

  constructor(source: GrantSource, logger: Logger, send: (message: ToWorker) => void) {
    this.source = source;
    this.logger = logger;
    this.send = send;
  }

  receive(message: FromWorker): void {
    if (!this.isOpen) return this.receiveLate(message);
    switch (message.type) {
      case 'claim':
        return void this.claim(message);
      case 'abort':
        return this.held.get(message.id)?.abort();
      case 'stream':
        return this.leases.get(message.id)?.becomeStream();
      case 'release':
        return this.release(message.id, message.outcome);
      case 'report':
        for (const share of message.shares) this.take(share, 'report');
        return;
      case 'account':
        return this.loans.get(message.account.tenantId)?.account(message.account, message.isAnswer);
      case 'repeated':
        return this.source.countRefused(message.tenantId, message.code, message.requests);
      case 'confirm':
        return this.take(message.share, 'confirm');
    }
  }

  /** Of what a worker has sent before its end, only the traffic still matters. */
  private receiveLate(message: FromWorker): void {
    if (message.type === 'confirm') this.trafficShares.report(message.share.generation, message.share.traffic);
    if (message.type !== 'report') return;
    for (const { generation, traffic } of message.shares) this.trafficShares.report(generation, traffic);
  }

  /** Releases everything that the worker had open; the worker is gone. */
  close(): void {
    this.isOpen = false;
    for (const abort of this.held.values()) abort.abort();
    for (const id of [...this.leases.keys()]) this.release(id);
    for (const grant of this.grants.values()) grant.lost();
    for (const loan of this.loans.values()) loan.lost();
    for (const [generation, count] of this.connections) this.countConnections(generation, -count);
  }

  /** Always settles, because the worker waits for an answer. */
  private async claimed(...asked: Parameters<GrantSource['claim']>): Promise<Admission> {
    try {
      return await this.source.claim(...asked);
    } catch (error) {
      fault(this.logger, error, { instance: asked[0] });
      return { refused: 'internal', retryAfterS: null };
    }
  }

  private async claim({ id, instance, again, client }: Extract<FromWorker, { type: 'claim' }>): Promise<void> {
    const abort = new AbortController();
    this.held.set(id, abort);
    const claim = await this.claimed(instance, abort.signal, again, { client });
    this.held.delete(id);
    if ('refused' in claim) return this.refuse(id, instance, claim);
    if (!this.isOpen) return claim.release('unsent');
    this.leases.set(id, claim);
    this.trafficShares.leased(claim);
    const granted = this.grant(claim);
    const loan = claim.isMetered ? (this.loanOf(claim.tenantId)?.extend() ?? null) : null;
    this.send({ type: 'lease', id, lease: { ...targetOf(claim), heldMs: claim.heldMs }, granted, loan });
  }

  /** A refusal that the worker repeats by itself is recalled like a loan. */
  private refuse(id: number, instance: InstanceName, refusal: Refusal): void {
    if (refusal.holdsForMs !== undefined) this.loanOf(parseInstanceName(instance).tenantId);
    this.send({ type: 'refusal', id, refusal });
  }

  /** Returns the account of a tenant's allowance; null when its plan bounds nothing. */
  private loanOf(tenantId: string): Loan | null {
    const known = this.loans.get(tenantId);
    if (known !== undefined) return known;
    const loan = this.source.openLoan(tenantId, () => this.send({ type: 'recall', tenantId }));
    if (loan !== null) this.loans.set(tenantId, loan);
    return loan;
  }

  /** Gives the worker a grant, at most one for each process. */
  private grant({ instance, generation }: Lease): boolean {
    const own = this.grants.get(generation);
    // A grant that has ended is kept until its requests are over; until then the worker asks.
    if (own !== undefined) return !own.isRevoked;
    const grant = this.source.grant(instance);
    if (grant === null || grant.target.generation !== generation) return false;
    this.grants.set(generation, grant);
    grant.onChanged(() => this.send({ type: 'target', target: targetOf(grant.target) }));
    return true;
  }

  private release(id: number, outcome?: Outcome): void {
    const lease = this.leases.get(id);
    this.leases.delete(id);
    if (lease === undefined) return;
    lease.release(outcome);
    this.trafficShares.released(lease.generation);
  }

  private take(share: Share, how: 'report' | 'confirm'): void {
    const { generation, connections, traffic } = share;
    this.trafficShares.report(generation, traffic);
    this.countConnections(generation, connections - (this.connections.get(generation) ?? 0));
    if (connections === 0) this.connections.delete(generation);
    else this.connections.set(generation, connections);
    this.grants.get(generation)?.[how](share);
    if (how === 'confirm') this.ending.add(generation);
    if (!this.ending.has(generation) || share.requests + share.streams + connections > 0) return;
    this.ending.delete(generation);
    this.grants.delete(generation);
    this.trafficShares.close(generation);
  }

  private countConnections(generation: number, change: number): void {
    for (let left = Math.abs(change); left > 0; left -= 1) this.source.countConnection(generation, change > 0 ? 1 : -1);
  }
}

function targetOf({ instance, tenantId, upstream, generation, requestTimeoutMs, isMetered }: LeaseTarget): LeaseTarget {
  return { instance, tenantId, upstream, generation, requestTimeoutMs, isMetered };
}
