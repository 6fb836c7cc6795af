/** Restarts one instance whose process was started with other settings than now, without failing a request. */
import type { Actor } from '../../core/access/actor.ts';
import type { Runner } from '../instance/runner.ts';

/** Settles when its process has the settings of now, its start with them has failed, or it has no process. */
export async function replaceOutdated(runner: Runner, by: Actor): Promise<void> {
  await runner.settled();
  if (!runner.isOutdated) return;
  // A suspended process is ended; its next start uses the new settings.
  if (runner.lifecycle.state === 'suspended') runner.dispatch({ type: 'evict', by });
  if (runner.lifecycle.state !== 'ready') return;
  runner.dispatch({ type: 'restart', by });
  await runner.settled();
}
