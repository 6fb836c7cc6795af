/** The outcome of a spawn. Pure. */
import type { InstanceView } from '../verbs/verbs.ts';

/** Whether a start that was waited for failed to produce a serving process. */
export function hasStartFailed(view: Pick<InstanceView, 'state' | 'desired'>, created: boolean): boolean {
  if (view.state === 'ready' || view.state === 'suspended') return false;
  // Its tenant may not run, or an operator has stopped it.
  if (view.state === 'stopped') return created && view.desired === 'stopped';
  // An instance that was registered before and deliberately has no process is left alone.
  return created || view.desired === 'up' || view.state !== 'asleep';
}
