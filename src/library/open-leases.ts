/** Leases that the host program has not released. */

import type { Admission, Lease } from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';

export interface OpenLease {
  readonly instance: InstanceName;
  /** Client named by the host program; null: unknown. */
  readonly client: string | null;
  /** Time since the lease was granted, in ms. */
  readonly openMs: number;
}

export class OpenLeases {
  private readonly open = new Map<Lease, { readonly client: string | null; readonly sinceMs: number }>();

  /** Returns the claim, and notes its lease until it is released. */
  note(claim: Admission | Promise<Admission>, client: string | null): Admission | Promise<Admission> {
    if (claim instanceof Promise) return claim.then((settled) => this.noted(settled, client));
    return this.noted(claim, client);
  }

  private noted(claim: Admission, client: string | null): Admission {
    if ('refused' in claim) return claim;
    const { release } = claim;
    this.open.set(claim, { client, sinceMs: performance.now() });
    claim.release = (outcome) => {
      this.open.delete(claim);
      release.call(claim, outcome);
    };
    return claim;
  }

  /** Lists open leases, oldest first. */
  list(): OpenLease[] {
    const nowMs = performance.now();
    return Array.from(this.open, ([{ instance }, { client, sinceMs }]) => {
      return { instance, client, openMs: Math.round(nowMs - sinceMs) };
    });
  }
}
