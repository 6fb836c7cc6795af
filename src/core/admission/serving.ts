/** The supervisor as the proxy sees it: permission to forward a request, or a refusal. */
import type { ErrorCode } from '../../errors.ts';
import type { InstanceName } from '../lifecycle/instance.ts';
import type { Upstream } from '../ports.ts';
import type { Loan } from '../quota/loan.ts';
import type { RateLimitFields } from '../quota/rate-limit-fields.ts';
import type { Traffic } from '../usage/traffic.ts';

/**
 * Outcome of a request: its response was complete, the process closed the connection earlier, or nothing of the request
 * reached the process. A request whose client left, or that timed out, has no outcome.
 */
export type Outcome = 'answered' | 'broke-off' | 'unsent';

/** Permission to send one request to a process, counted from the moment that the claim is granted. */
export interface Lease {
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Upstream;
  /** Number of the process, never reused. It keys connection pools, so that no connection serves another process. */
  readonly generation: number;
  /** How long the request was held for a wake; null when it was not. */
  readonly heldMs: number | null;
  readonly requestTimeoutMs: number;
  /** Where the request and its bytes count; the holder of the lease adds them. */
  readonly traffic: Traffic;
  /** Whether it counts towards limits of its tenant's plan. */
  readonly isMetered: boolean;
  /**
   * Makes it an open stream (WebSocket, server-sent events), which keeps the instance awake but does not delay a drain.
   */
  becomeStream(): void;
  /** Ends the request. Further calls do nothing. */
  release(outcome?: Outcome): void;
}

/** The process that a lease is for. */
export type LeaseTarget = Pick<
  Lease,
  'instance' | 'tenantId' | 'upstream' | 'generation' | 'requestTimeoutMs' | 'isMetered'
>;

/** A worker's open requests on one process, and the total of its claims. */
export interface GrantCounts {
  readonly requests: number;
  readonly streams: number;
  readonly total: number;
  /** How many of `total` had a complete response. */
  readonly answered: number;
  /** Client of one request that was claimed since the last report. */
  readonly client?: string;
}

/** Permission to claim an instance's process without asking, until it is retired. The holder reports its counts. */
export interface Grant {
  /** The current target, which a reload may change. */
  readonly target: LeaseTarget;
  /** Calls `listener` when a reload, or another plan, may have changed the target. */
  onChanged(listener: () => void): void;
  /** Whether the holder may claim no more. */
  readonly isRevoked: boolean;
  report(counts: GrantCounts): void;
  /** Reports what is open after the process was retired; no more is claimed. A drain waits for this. */
  confirm(counts: GrantCounts): void;
  /** Releases everything, because the holder is gone. */
  lost(): void;
}

/** A request that is sent again because its process closed the connection. */
export interface SecondTry {
  /** Distinguishes the request from others of the instance; a repetition by the client gets the same value. */
  readonly request: string;
  /** The process that it was sent to first. */
  readonly generation: number;
}

/** The sender of a request. */
export interface Requester {
  /** The client that its connection counts for; null when unknown. Read only when it matters. */
  readonly client: string | null;
}

/** Why a request is not passed on. */
export interface Refusal {
  readonly refused: ErrorCode;
  /** Seconds for `Retry-After`, or null. */
  readonly retryAfterS: number | null;
  /** Values of RateLimit and RateLimit-Policy. */
  readonly rateLimit?: RateLimitFields;
  /** Every request of the tenant would be refused for so long, unless its plan changes. */
  readonly holdsForMs?: number;
}

export type Admission = Lease | Refusal;

/** The part of the supervisor that the proxy uses. */
export interface UpstreamSource {
  /** Whether this instance is registered. */
  has(instance: InstanceName): boolean;
  /**
   * Claims the instance for one request, and counts it in flight in the same step. Returns at once when the instance is
   * ready or refuses, otherwise a promise. When `signal` aborts because the client left, the promise becomes a refusal.
   * @param again a second try, which is refused with `upstream_failed` when the request may not be sent again
   * @param@param requester default: unknown
   */
  claim(
    instance: InstanceName,
    signal: AbortSignal,
    again?: SecondTry,
    requester?: Requester,
  ): Admission | Promise<Admission>;
  /** Reports that the proxy has opened or closed a connection to a process. */
  countConnection(generation: number, change: 1 | -1): void;
  /** Calls `listener` when a generation gets no further request, so that its idle connections can be closed. */
  onRetired(listener: (generation: number) => void): void;
}

/** What a proxy in another process needs in addition, to count by itself. */
export interface GrantSource extends UpstreamSource {
  /** Names of all registered instances. */
  names(): Iterable<InstanceName>;
  /** Calls `listener` whenever an instance is registered (true) or unregistered (false). */
  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void;
  /** Returns null unless the instance is ready and its tenant open. */
  grant(instance: InstanceName): Grant | null;
  /**
   * Opens an account for a worker, which may then admit requests of a tenant by itself; null when its plan bounds none.
   * @param recall asks the worker for what it does not need
   */
  openLoan(tenantId: string, recall: () => void): Loan | null;
  /** Counts requests that a worker has refused by itself. */
  countRefused(tenantId: string, code: ErrorCode, requests: number): void;
  /** Calls `listener` when holders of grants for a generation have to ask for each request again, and to confirm that. */
  onGrantsEnded(listener: (generation: number) => void): void;
}
