/** A daemon that is no child of anybody, has a session of its own and ignores what can be ignored. */
import { denied, done, type Finding, tell } from '../attempt.ts';
import { endAll, holdsWithin, withArgument } from '../look.ts';
import { type Scene, start } from '../scene.ts';

const STARTS_WITHIN_MS = 5000;

export async function surviveStop(scene: Scene, name: 'leave-daemon' | 'leave-unmarked-daemon'): Promise<Finding> {
  const token = scene.token();
  try {
    await tell(scene, name, { token });
    const runs = await holdsWithin(STARTS_WITHIN_MS, () => withArgument(token).length > 0);
    if (!runs) throw new Error('the daemon did not start');
    await scene.server.api('/api/instances/app:hostile/stop', { method: 'POST' });
    const left = withArgument(token);
    return left.length === 0 ? denied('ended with the instance') : done(`${left.join(', ')} runs on after stop`);
  } finally {
    endAll(withArgument(token));
    await start(scene, 'app:hostile');
  }
}
