/**
 * The supervisor as a worker sees it. The worker claims a granted process by itself and counts in the same step; for
 * any other it asks the server. Counts are reported soon after, or at once when the server waits for them.
 */

import type {
  Admission,
  Lease,
  LeaseTarget,
  Outcome,
  Refusal,
  Requester,
  SecondTry,
  UpstreamSource,
} from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { NO_TRAFFIC, sameTraffic, Traffic, type TrafficCounts, trafficNow } from '../core/usage/traffic.ts';
import type { FromWorker, Share } from './protocol.ts';

/** How old counts may be before they are reported. */
const REPORT_MS = 50;

/** Counts for one process. */
class ClaimCounter {
  requests = 0;
  streams = 0;
  total = 0;
  answered = 0;
  connections = 0;
  /** Open leases that the server counts. */
  remote = 0;
  readonly traffic = new Traffic();
  private reported: TrafficCounts = NO_TRAFFIC;
  /** Client of the first request since the last report. */
  client: string | null = null;

  /** Returns the counts for a report, which names a client only once. */
  share(generation: number): Share {
    const { requests, streams, total, answered, connections } = this;
    const by = this.client === null ? {} : { client: this.client };
    this.client = null;
    this.reported = trafficNow(this.traffic);
    return { generation, requests, streams, total, answered, connections, traffic: this.reported, ...by };
  }

  /** Whether bytes have moved since the last report. */
  get hasMoved(): boolean {
    this.traffic.update();
    return !sameTraffic(this.traffic, this.reported);
  }

  get isEmpty(): boolean {
    return this.requests + this.streams + this.connections + this.remote === 0 && !this.traffic.isFollowing;
  }
}

export class RemoteSource implements UpstreamSource {
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
    if (target !== undefined) return new LocalLease(target, this.countedFor(target, requester), this);
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve) => {
      const leave = () => this.send({ type: 'abort', id });
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.set(id, (claim) => {
        signal.removeEventListener('abort', leave);
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

  leased(id: number, lease: LeaseTarget & { heldMs: number | null }, granted: boolean): void {
    if (granted) this.granted.set(lease.instance, lease);
    this.settle(id, new RemoteLease(lease, id, this.counterOf(lease.generation), this));
  }

  refused(id: number, refusal: Refusal): void {
    this.settle(id, refusal);
  }

  retarget(target: LeaseTarget): void {
    if (this.granted.has(target.instance)) this.granted.set(target.instance, target);
  }

  retire(generation: number): void {
    for (const [instance, target] of this.granted) {
      if (target.generation === generation) this.granted.delete(instance);
    }
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

/** A lease that the worker counts. */
class LocalLease implements Lease {
  readonly traffic: Traffic;
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Lease['upstream'];
  readonly generation: number;
  readonly requestTimeoutMs: number;
  readonly heldMs = null;
  private readonly counter: ClaimCounter;
  private readonly source: RemoteSource;
  private open: 'request' | 'stream' | null = 'request';

  constructor(target: LeaseTarget, counter: ClaimCounter, source: RemoteSource) {
    this.instance = target.instance;
    this.tenantId = target.tenantId;
    this.upstream = target.upstream;
    this.generation = target.generation;
    this.requestTimeoutMs = target.requestTimeoutMs;
    this.counter = counter;
    this.traffic = counter.traffic;
    this.source = source;
    counter.requests += 1;
    counter.total += 1;
    source.note(this.generation);
  }

  becomeStream(): void {
    if (this.open !== 'request') return;
    this.open = 'stream';
    this.counter.requests -= 1;
    this.counter.streams += 1;
    this.source.note(this.generation);
  }

  release(outcome?: Outcome): void {
    if (this.open !== null && outcome === 'answered') this.counter.answered += 1;
    if (this.open === 'request') this.counter.requests -= 1;
    if (this.open === 'stream') this.counter.streams -= 1;
    if (this.open !== null) this.source.note(this.generation);
    this.open = null;
  }
}

/** A lease that the server counts. */
class RemoteLease implements Lease {
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Lease['upstream'];
  readonly generation: number;
  readonly requestTimeoutMs: number;
  readonly heldMs: number | null;
  readonly traffic: Traffic;
  private readonly id: number;
  private readonly counter: ClaimCounter;
  private readonly source: RemoteSource;
  private released = false;

  constructor(
    target: LeaseTarget & { heldMs: number | null },
    id: number,
    counter: ClaimCounter,
    source: RemoteSource,
  ) {
    this.instance = target.instance;
    this.tenantId = target.tenantId;
    this.upstream = target.upstream;
    this.generation = target.generation;
    this.requestTimeoutMs = target.requestTimeoutMs;
    this.heldMs = target.heldMs;
    this.id = id;
    this.traffic = counter.traffic;
    this.counter = counter;
    this.source = source;
    counter.remote += 1;
  }

  becomeStream(): void {
    this.source.send({ type: 'stream', id: this.id });
  }

  release(outcome?: Outcome): void {
    if (this.released) return;
    this.released = true;
    this.counter.remote -= 1;
    // Its last bytes are reported first, because the server forgets a retired process with its last lease.
    this.source.lookAt(this.generation);
    this.source.send({ type: 'release', id: this.id, ...(outcome === undefined ? {} : { outcome }) });
  }
}
