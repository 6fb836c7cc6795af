/** Leases of a host program's own proxy, and those that it has not released. */
import type { Admission as Claim, Lease as ClaimedLease, Outcome, Refusal } from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { Upstream } from '../core/ports.ts';

/** Permission to send one request to a process. The instance waits for its release before it sleeps, restarts or stops. */
export interface Lease {
  readonly instance: InstanceName;
  /** Where the process listens: `{ socketPath }` or `{ port }` on 127.0.0.1. */
  readonly upstream: Upstream;
  /** Number of the process, never reused. Close a connection to `upstream` when another process serves. */
  readonly generation: number;
  /** How long the request was held for a wake, in ms; null when it was not. */
  readonly heldMs: number | null;
  /** `request_timeout` of the service, in ms: how long it may take to the response's first byte; 0: as long as it likes. */
  readonly requestTimeoutMs: number;
  /**
   * Makes it an open stream (WebSocket, server-sent events), which keeps the instance awake but does not delay a drain.
   */
  becomeStream(): void;
  /** Counts bytes of the request and of its response in the tenant's usage. */
  count(bytes: LeaseBytes): void;
  /** Ends the request. Further calls do nothing. @param outcome what became of it; default: not known */
  release(outcome?: Outcome): void;
}

/** Bytes that passed since the last count. */
export interface LeaseBytes {
  /** From the client. */
  readonly ingressBytes?: number;
  /** To the client. */
  readonly egressBytes?: number;
}

/** The answer to a claim: a lease, or why there is none. */
export type Admission = Lease | Refusal;

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
  note(claim: Claim | Promise<Claim>, client: string | null): Admission | Promise<Admission> {
    if (claim instanceof Promise) return claim.then((settled) => this.noted(settled, client));
    return this.noted(claim, client);
  }

  private noted(claim: Claim, client: string | null): Admission {
    if ('refused' in claim) return claim;
    const lease = leaseOf(claim, () => this.open.delete(lease));
    this.open.set(lease, { client, sinceMs: performance.now() });
    return lease;
  }

  /** Lists open leases, oldest first. */
  list(): OpenLease[] {
    const nowMs = performance.now();
    return Array.from(this.open, ([{ instance }, { client, sinceMs }]) => {
      return { instance, client, openMs: Math.round(nowMs - sinceMs) };
    });
  }
}

function leaseOf(claimed: ClaimedLease, onReleased: () => void): Lease {
  const { instance, upstream, generation, heldMs, requestTimeoutMs, traffic } = claimed;
  let isOpen = true;
  return {
    instance,
    upstream,
    generation,
    heldMs,
    requestTimeoutMs,
    becomeStream: () => claimed.becomeStream(),
    count: ({ ingressBytes = 0, egressBytes = 0 }) => {
      traffic.ingressBytes += ingressBytes;
      traffic.egressBytes += egressBytes;
    },
    release: (outcome) => {
      if (!isOpen) return;
      isOpen = false;
      if (outcome !== 'unsent') traffic.requests += 1;
      if (outcome === 'broke-off') traffic.errors += 1;
      onReleased();
      claimed.release(outcome);
    },
  };
}
