/** One request's lease of an upstream, counted from its creation to its release. */

import type { Lease, LeaseTarget, Outcome } from '../../core/admission/serving.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { Upstream } from '../../core/ports.ts';
import type { Meter } from '../../core/quota/allowance.ts';
import type { Traffic } from '../../core/usage/traffic.ts';
import type { InstanceActivity } from './instance-activity.ts';

export interface LeaseOwner {
  /** Where requests count. */
  readonly traffic: Traffic;
  released(lease: CountedLease, kind: 'request' | 'stream', outcome?: Outcome): void;
}

export class CountedLease implements Lease {
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Upstream;
  readonly generation: number;
  readonly requestTimeoutMs: number;
  readonly heldMs: number | null;
  /** Counts the request towards the tenant's plan; null: nothing does. */
  readonly meter: Meter | null;
  /** The meter's epoch when it admitted the request. */
  readonly epoch: number;
  private readonly inFlight: InstanceActivity;
  private readonly owner: LeaseOwner;
  private open: 'request' | 'stream' | null = 'request';

  constructor(
    target: LeaseTarget,
    heldMs: number | null,
    meter: Meter | null,
    inFlight: InstanceActivity,
    owner: LeaseOwner,
  ) {
    this.instance = target.instance;
    this.tenantId = target.tenantId;
    this.upstream = target.upstream;
    this.generation = target.generation;
    this.requestTimeoutMs = target.requestTimeoutMs;
    this.heldMs = heldMs;
    this.meter = meter;
    this.epoch = meter === null ? 0 : meter.epoch;
    this.inFlight = inFlight;
    this.owner = owner;
  }

  get traffic(): Traffic {
    return this.owner.traffic;
  }

  get isMetered(): boolean {
    return this.meter !== null;
  }

  becomeStream(): void {
    if (this.open !== 'request') return;
    this.open = 'stream';
    this.inFlight.requestBecomesStream();
  }

  release(outcome?: Outcome): void {
    if (this.open === null) return;
    const kind = this.open;
    this.open = null;
    this.owner.released(this, kind, outcome);
  }
}
