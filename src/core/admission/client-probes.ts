/** How a vanished client is noticed, which neither closes its connection nor answers. */

/** Parameters of a socket's setKeepAlive; rounded down to whole seconds. */
export interface ClientProbes {
  /** A connection is probed after this time of silence (TCP_KEEPIDLE). */
  readonly idleMs: number;
  /** Time between two probes (TCP_KEEPINTVL). */
  readonly intervalMs: number;
  /** The connection ends after this many unanswered probes (TCP_KEEPCNT). */
  readonly count: number;
}

/** Detects it within a minute. Linux' default takes 2 h 11 min. A Node before 26.4 probes every second, ten times. */
export const CLIENT_PROBES: ClientProbes = { idleMs: 30_000, intervalMs: 10_000, count: 3 };
