/** How long the end of a process waits for what goes straight to its socket. Pure. */
import type { Next } from './lifecycle-events.ts';

export interface DirectPatience {
  /**
   * Connections on which nothing has moved for so long are idle ones. One that moves for so long is a client's that keeps
   * it and sends request after request: from then on a gap between two of them will do.
   */
  readonly quietMs: number;
  /** Where there is no gap: a long transfer, or many clients. */
  readonly atMostMs: number;
}

/** SIGTERM then lets the application finish what it may have after all. */
const USUAL: DirectPatience = { quietMs: 3000, atMostMs: 5000 };
/** Who was stopped is not to be served any longer. */
const STOPPED: DirectPatience = { quietMs: 0, atMostMs: 1000 };

export function directPatience(next: Next): DirectPatience {
  return next === 'stopped' || next === 'removed' ? STOPPED : USUAL;
}
