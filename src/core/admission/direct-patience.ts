/** How long the end of a process waits for direct connections to its socket. Pure. */
import type { FollowUp } from '../lifecycle/lifecycle-events.ts';

export interface DirectPatience {
  /** Connections on which nothing has moved for this time are idle. */
  readonly quietMs: number;
  /**
   * From then on a gap between two requests suffices: a client keeps its connection, and sends one request after
   * another.
   */
  readonly gapAfterMs: number;
  /** Limit when there is no gap, because of a long transfer or many clients. */
  readonly atMostMs: number;
}

/** After this, SIGTERM still lets the application finish open requests. */
const USUAL: DirectPatience = { quietMs: 3000, gapAfterMs: 3000, atMostMs: 5000 };
/** A frozen process could not finish its requests, so a gap never suffices. */
const SUSPENDED: DirectPatience = { ...USUAL, gapAfterMs: Number.POSITIVE_INFINITY };
/** A stopped tenant is not served any longer. */
const STOPPED: DirectPatience = { quietMs: 0, gapAfterMs: 0, atMostMs: 1000 };

export function directPatience(next: FollowUp): DirectPatience {
  if (next === 'suspended') return SUSPENDED;
  return next === 'stopped' || next === 'removed' ? STOPPED : USUAL;
}
