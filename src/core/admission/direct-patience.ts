/** How long the end of a process waits for what goes straight to its socket. Pure. */
import type { Next } from '../lifecycle/lifecycle-events.ts';

export interface DirectPatience {
  /** Connections on which nothing has moved for so long are idle ones. */
  readonly quietMs: number;
  /** One that still moves then is a client's that keeps it and sends request after request: a gap between two will do. */
  readonly gapAfterMs: number;
  /** Where there is no gap: a long transfer, or many clients. */
  readonly atMostMs: number;
}

/** SIGTERM then lets the application finish what it may have after all. */
const USUAL: DirectPatience = { quietMs: 3000, gapAfterMs: 3000, atMostMs: 5000 };
/** It could not answer, frozen. */
const SUSPENDED: DirectPatience = { ...USUAL, gapAfterMs: Number.POSITIVE_INFINITY };
/** A stopped customer is not served any longer. */
const STOPPED: DirectPatience = { quietMs: 0, gapAfterMs: 0, atMostMs: 1000 };

export function directPatience(next: Next): DirectPatience {
  if (next === 'suspended') return SUSPENDED;
  return next === 'stopped' || next === 'removed' ? STOPPED : USUAL;
}
