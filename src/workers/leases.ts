/** The leases that a worker's proxy gets: counted by the worker, or by the server. */
import type { Lease, LeaseTarget, Outcome } from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { Borrowed } from '../core/quota/borrowed.ts';
import { NO_TRAFFIC, sameTraffic, Traffic, type TrafficCounts, trafficNow } from '../core/usage/traffic.ts';
import type { BorrowedAllowances } from './borrowed-allowances.ts';
import type { FromWorker, Share } from './protocol.ts';

/** Counts for one process. */
export class ClaimCounter {
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

/** The source that the leases are of. */
export interface CountingSource {
  readonly allowances: BorrowedAllowances;
  send(message: FromWorker): void;
  /** A count of this process has changed. */
  note(generation: number): void;
  /** Bytes of this process may have moved. */
  lookAt(generation: number): void;
}

/** A lease that the worker counts. */
export class LocalLease implements Lease {
  readonly traffic: Traffic;
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Lease['upstream'];
  readonly generation: number;
  readonly requestTimeoutMs: number;
  readonly heldMs = null;
  private readonly counter: ClaimCounter;
  private readonly source: CountingSource;
  private readonly borrowed: Borrowed | null;
  private readonly epoch: number;
  private open: 'request' | 'stream' | null = 'request';

  /** @param borrowed what admitted the request; null: it is not metered */
  constructor(target: LeaseTarget, counter: ClaimCounter, source: CountingSource, borrowed: Borrowed | null) {
    this.instance = target.instance;
    this.tenantId = target.tenantId;
    this.upstream = target.upstream;
    this.generation = target.generation;
    this.requestTimeoutMs = target.requestTimeoutMs;
    this.counter = counter;
    this.traffic = counter.traffic;
    this.source = source;
    this.borrowed = borrowed;
    this.epoch = borrowed === null ? 0 : borrowed.epoch;
    counter.requests += 1;
    counter.total += 1;
    source.note(this.generation);
  }

  get isMetered(): boolean {
    return this.borrowed !== null;
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
    if (this.open !== null && this.borrowed !== null) {
      this.source.allowances.release(this.borrowed, outcome === 'unsent' ? this.epoch : null);
    }
    this.open = null;
  }
}

/** A lease that the server counts. */
export class RemoteLease implements Lease {
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Lease['upstream'];
  readonly generation: number;
  readonly requestTimeoutMs: number;
  readonly heldMs: number | null;
  readonly isMetered: boolean;
  readonly traffic: Traffic;
  private readonly id: number;
  private readonly counter: ClaimCounter;
  private readonly source: CountingSource;
  private released = false;

  constructor(
    target: LeaseTarget & { heldMs: number | null },
    id: number,
    counter: ClaimCounter,
    source: CountingSource,
  ) {
    this.instance = target.instance;
    this.tenantId = target.tenantId;
    this.upstream = target.upstream;
    this.generation = target.generation;
    this.requestTimeoutMs = target.requestTimeoutMs;
    this.heldMs = target.heldMs;
    this.isMetered = target.isMetered;
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
