/** Ends one that nobody needs now, so that another has its place or its memory. */
import type { Runner } from './runner.ts';

/**
 * A suspended one, else an idle one, the least recently used first. Returns whether there was one.
 * @param spares those that stay whatever is needed
 */
export async function evictOne(
  runners: Iterable<Runner>,
  spares: (runner: Runner) => boolean = () => false,
): Promise<boolean> {
  const idle = [...runners].filter((runner) => runner.isIdle && !spares(runner));
  const isAwake = (runner: Runner) => Number(runner.lifecycle.state === 'ready');
  idle.sort((a, b) => isAwake(a) - isAwake(b) || a.inFlight.lastActivityAtMs - b.inFlight.lastActivityAtMs);
  const [oldest] = idle;
  if (oldest === undefined) return false;
  oldest.dispatch({ type: 'evict' });
  // It may be wanted again by then, and wait for room itself.
  await oldest.until(() => oldest.lifecycle.state !== 'draining' && oldest.lifecycle.state !== 'stopping');
  return true;
}
