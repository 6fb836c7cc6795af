/** Daemons: orphans with sessions of their own that ignore every signal they can. */
import { BOMBER, denied, done, type Finding, tell } from '../attempt.ts';
import { endAll, holdsWithin, withArgument } from '../look.ts';
import { type Scene, start } from '../scene.ts';

export type Daemon = 'leave-daemon' | 'leave-unmarked-daemon' | 'leave-hoppers';

const INSTANCE = 'capped:bomber';
const STARTS_WITHIN_MS = 30_000;
/** One look may miss a process that forks continuously. */
const LOOK_MS = 300;
const ENDS_WITHIN_MS = 30_000;

/** Only the instance with limits runs this, so that the forking is bounded in any case. */
export async function surviveStop(scene: Scene, name: Daemon): Promise<Finding> {
  const token = scene.token();
  try {
    await tell(scene, name, { token }, BOMBER);
    const runs = await holdsWithin(STARTS_WITHIN_MS, () => withArgument(token).length > 0);
    if (!runs) throw new Error('the daemon did not start');
    await scene.server.api(`/api/instances/${INSTANCE}/stop`, { method: 'POST' });
    const isLeft = await holdsWithin(LOOK_MS, () => withArgument(token).length > 0);
    return isLeft ? done(`${withArgument(token).length} run on after stop`) : denied('ended with the instance');
  } finally {
    // Processes that fork continuously end by themselves.
    await holdsWithin(ENDS_WITHIN_MS, () => {
      endAll(withArgument(token));
      return withArgument(token).length === 0;
    });
    await start(scene, INSTANCE);
  }
}
