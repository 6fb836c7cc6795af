/** How a client that vanished is noticed: it neither closes its connection nor answers any more. */

/** For setKeepAlive of a socket; rounded down to whole seconds. */
export interface ClientProbes {
  /** A connection that is silent for so long is probed (TCP_KEEPIDLE). */
  readonly idleMs: number;
  /** From one probe to the next (TCP_KEEPINTVL). */
  readonly intervalMs: number;
  /** After so many without an answer the connection is over (TCP_KEEPCNT). */
  readonly count: number;
}

/** Within a minute; Linux itself takes two hours and eleven minutes. A Node before 26.4 probes every second, ten times. */
export const CLIENT_PROBES: ClientProbes = { idleMs: 30_000, intervalMs: 10_000, count: 3 };
