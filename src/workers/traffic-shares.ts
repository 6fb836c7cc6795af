/** Adds the traffic that one worker reports to that of the server's processes: each report once, none twice. */
import type { Lease } from '../core/admission/serving.ts';
import { NO_TRAFFIC, type Traffic, type TrafficCounts, trafficSince } from '../core/usage/traffic.ts';

interface TrafficShare {
  readonly traffic: Traffic;
  reported: TrafficCounts;
  /** Open leases that the server counts. */
  leases: number;
  isClosing: boolean;
}

export class TrafficShares {
  private readonly shares = new Map<number, TrafficShare>();

  /** The worker got a lease, and may from now on have traffic with its process. */
  leased({ generation, traffic }: Lease): void {
    const share = this.shares.get(generation) ?? { traffic, reported: NO_TRAFFIC, leases: 0, isClosing: false };
    share.leases += 1;
    this.shares.set(generation, share);
  }

  /** @param counts all that the worker has counted for this process */
  report(generation: number, counts: TrafficCounts): void {
    const share = this.shares.get(generation);
    if (share === undefined) return;
    share.traffic.add(trafficSince(share.reported, counts));
    share.reported = counts;
  }

  /** The worker has reported all traffic of a lease, and released it. */
  released(generation: number): void {
    const share = this.shares.get(generation);
    if (share === undefined) return;
    share.leases -= 1;
    this.tidy(generation, share);
  }

  /** The worker claims the process no more, and has nothing open there but leases that the server counts. */
  close(generation: number): void {
    const share = this.shares.get(generation);
    if (share === undefined) return;
    share.isClosing = true;
    this.tidy(generation, share);
  }

  private tidy(generation: number, { isClosing, leases }: TrafficShare): void {
    if (isClosing && leases === 0) this.shares.delete(generation);
  }
}
