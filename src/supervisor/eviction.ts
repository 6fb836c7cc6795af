/** Ends one that nobody needs now, so that another has its place or its memory. */
import type { Runner } from './runner.ts';

/** The least recently used idle one. Returns whether there was one. */
export async function evictOne(runners: Iterable<Runner>): Promise<boolean> {
  const idle = [...runners].filter((runner) => runner.isIdle);
  idle.sort((a, b) => a.inFlight.lastActivityAtMs - b.inFlight.lastActivityAtMs);
  const [oldest] = idle;
  if (oldest === undefined) return false;
  oldest.dispatch({ type: 'sleep' });
  await oldest.until(() => !oldest.hasProcess);
  return true;
}
