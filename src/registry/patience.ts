/** Waits for another process's lock on the registry without halting the event loop. */
import { setTimeout as delay } from 'node:timers/promises';
import { isLockedOut } from '../errors.ts';

/** Long enough for a short transaction of a backup or an operator. */
const WAIT_MS = 5000;
const STEP_MS = 20;

/**
 * Runs `attempt` in one synchronous step, and repeats it while another process holds the registry's lock.
 * @throws what `attempt` throws; for a lock only after 5 s
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
