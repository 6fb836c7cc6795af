/** Ends an instance that nobody needs now, so that another gets its place or its memory. */
import type { Demand } from '../../core/admission/demand.ts';
import { type Capacity, chooseVictim, type EvictionCandidate, leastNeeded } from '../../core/admission/eviction.ts';
import type { Runner } from '../instance/runner.ts';

interface RunningCandidate extends EvictionCandidate {
  readonly runner: Runner;
}

/** Makes room for a demand, if an instance is needed less. Settles when it is gone; false when there was none. */
export function makeRoom(runners: Iterable<Runner>, demand: Demand, capacity: Capacity): Promise<boolean> {
  return evict(chooseVictim(candidates(runners), demand, capacity));
}

/**
 * Ends a suspended instance, else an idle one, each the least recently used. Settles when it is gone; false when there
 * was none.
 */
export function evictOne(runners: Iterable<Runner>): Promise<boolean> {
  return evict(leastNeeded(candidates(runners).filter(({ isIdle }) => isIdle)));
}

function candidates(runners: Iterable<Runner>): RunningCandidate[] {
  return [...runners].filter(({ hasProcess }) => hasProcess).map((runner) => ({ ...runner.evictionCandidate, runner }));
}

async function evict(candidate: RunningCandidate | null): Promise<boolean> {
  if (candidate === null) return false;
  const { runner } = candidate;
  runner.dispatch({ type: 'evict' });
  // A request may wake it again by then, and wait for room itself.
  await runner.until(() => runner.lifecycle.state !== 'draining' && runner.lifecycle.state !== 'stopping');
  return true;
}
