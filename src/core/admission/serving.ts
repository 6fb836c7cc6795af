/** What the proxy sees of the supervisor: leave to forward a request, or why not. */
import type { ErrorCode } from '../../errors.ts';
import type { InstanceName } from '../lifecycle/instance.ts';
import type { Upstream } from '../ports.ts';

/**
 * What became of a request: its answer was whole, or the process ended the connection before that. Neither is told of one
 * whose client left, or that timed out.
 */
export type Outcome = 'answered' | 'broke-off';

/** A request's hold on an upstream: it is counted from the moment the claim is granted. */
export interface Lease {
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Upstream;
  /** Differs with each process, so that connections are never reused for another: pool key. */
  readonly generation: number;
  /** How long the request was held for a wake, or null when it was not. */
  readonly heldMs: number | null;
  readonly requestTimeoutMs: number;
  /** From now on it is an open stream (WebSocket, server-sent events): keeps awake, but a drain does not wait for it. */
  becomeStream(): void;
  /** The request is over. Calling it again does nothing. */
  release(outcome?: Outcome): void;
}

/** What a lease is on. */
export type LeaseTarget = Pick<Lease, 'instance' | 'tenantId' | 'upstream' | 'generation' | 'requestTimeoutMs'>;

/** What a worker has open on one process, and has claimed of it in all. */
export interface GrantCounts {
  readonly requests: number;
  readonly streams: number;
  readonly total: number;
  /** Of `total`, those whose answer was whole. */
  readonly answered: number;
  /** The client of one request that was claimed since the last report. */
  readonly client?: string;
}

/** Leave to claim an instance's process without asking, until it is retired. Whoever has it reports what it counts. */
export interface Grant {
  /** As it is now: a reload may change it. */
  readonly target: LeaseTarget;
  report(counts: GrantCounts): void;
  /** After it was retired: nothing more is claimed, and this is what is open. A drain waits for it. */
  confirm(counts: GrantCounts): void;
  /** Whoever had it is gone, and all that it had open. */
  lost(): void;
}

/** A request that is sent again because its process broke off. */
export interface SecondTry {
  /** Tells it from other requests of the instance, and is the same when somebody asks for the same again. */
  readonly request: string;
  /** The process that it was sent to first. */
  readonly generation: number;
}

/** The sender of a request. */
export interface Asker {
  /** Its address as connections are counted by; null when it is not known. Read only when it matters. */
  readonly client: string | null;
}

export interface Refusal {
  readonly refused: ErrorCode;
  /** Seconds for `Retry-After`, or null. */
  readonly retryAfterS: number | null;
}

export type Admission = Lease | Refusal;

/** What the proxy sees of the supervisor. */
export interface UpstreamSource {
  /** Whether this instance is registered. */
  has(instance: InstanceName): boolean;
  /**
   * Claims the instance for one request and counts it in flight in the same step. At once when it is
   * ready or refuses; else a promise, which `signal` (the client left) makes a refusal.
   * @param again a second try, which is refused with `upstream_failed` when the request may not be sent again
   * @param asker default: not known
   */
  claim(instance: InstanceName, signal: AbortSignal, again?: SecondTry, asker?: Asker): Admission | Promise<Admission>;
  /** The proxy has opened or closed a connection to that process. */
  countConnection(generation: number, change: 1 | -1): void;
  /** Calls `listener` when a generation will get no further request and its idle connections can be closed. */
  onRetired(listener: (generation: number) => void): void;
}

/** What a proxy in another process needs besides, to count for itself. */
export interface GrantSource extends UpstreamSource {
  /** All that are registered. */
  names(): Iterable<InstanceName>;
  /** Calls `listener` for each that is registered (true) or no longer so (false) from now on. */
  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void;
  /** null unless it is ready. */
  grant(instance: InstanceName): Grant | null;
}
