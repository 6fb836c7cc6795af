/** Waiting for the lock that another process has on the registry, without halting the event loop. */
import { setTimeout as delay } from 'node:timers/promises';
import { isLockedOut } from '../errors.ts';

/** Long enough for a backup's or an operator's short transaction; whoever waits longer is told. */
const WAIT_MS = 5000;
const STEP_MS = 20;

/**
 * Does `attempt` in one synchronous step; where another process holds the registry's lock, again until it has gone.
 * @throws what it throws; for a lock only after 5 s
 */
export async function whenWritable<Value>(attempt: () => Value): Promise<Value> {
  const untilMs = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isLockedOut(error) || performance.now() >= untilMs) throw error;
    }
    await delay(STEP_MS);
  }
}
