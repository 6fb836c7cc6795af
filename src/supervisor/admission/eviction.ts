/** Ends an instance that nobody needs now, so that another gets its place or its memory. */
import type { Demand } from '../../core/admission/demand.ts';
import { type Capacity, chooseVictim, leastNeeded, type Resident } from '../../core/admission/eviction.ts';
import type { Runner } from '../instance/runner.ts';

interface RunningResident extends Resident {
  readonly runner: Runner;
}

/** Makes room for a demand, if an instance is needed less. Settles when it is gone; false when there was none. */
export function makeRoom(runners: Iterable<Runner>, demand: Demand, capacity: Capacity): Promise<boolean> {
  return evict(chooseVictim(residents(runners), demand, capacity));
}

/**
 * Ends a suspended instance, else an idle one, each the least recently used. Settles when it is gone; false when there
 * was none.
 */
export function evictOne(runners: Iterable<Runner>): Promise<boolean> {
  return evict(leastNeeded(residents(runners).filter(({ isIdle }) => isIdle)));
}

function residents(runners: Iterable<Runner>): RunningResident[] {
  return [...runners].filter(({ hasProcess }) => hasProcess).map((runner) => ({ ...runner.residence, runner }));
}

async function evict(resident: RunningResident | null): Promise<boolean> {
  if (resident === null) return false;
  const { runner } = resident;
  runner.dispatch({ type: 'evict' });
  // A request may wake it again by then, and wait for room itself.
  await runner.until(() => runner.lifecycle.state !== 'draining' && runner.lifecycle.state !== 'stopping');
  return true;
}
