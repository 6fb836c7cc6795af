/** Daemons that are no child of anybody, have sessions of their own and ignore what can be ignored. */
import { BOMBER, denied, done, type Finding, tell } from '../attempt.ts';
import { endAll, holdsWithin, withArgument } from '../look.ts';
import { type Scene, start } from '../scene.ts';

export type Daemon = 'leave-daemon' | 'leave-unmarked-daemon' | 'leave-hoppers';

const INSTANCE = 'capped:bomber';
const STARTS_WITHIN_MS = 30_000;
/** What forks all the time may be missed by one look. */
const LOOK_MS = 300;
const ENDS_WITHIN_MS = 30_000;

/** The one with caps is told to, so that what forks is bounded whatever comes of it. */
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
    // Those that fork all the time end by themselves.
    await holdsWithin(ENDS_WITHIN_MS, () => {
      endAll(withArgument(token));
      return withArgument(token).length === 0;
    });
    await start(scene, INSTANCE);
  }
}
