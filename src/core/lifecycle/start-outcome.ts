/** What came of a spawn. Pure. */
import type { InstanceView } from '../input/verbs.ts';

/** Whether a start that was waited for did not end in a process that serves. */
export function hasStartFailed(view: Pick<InstanceView, 'state' | 'desired'>, created: boolean): boolean {
  if (view.state === 'ready' || view.state === 'suspended') return false;
  // What was registered before and has no process on purpose is left alone.
  return created || view.desired === 'up' || (view.state !== 'stopped' && view.state !== 'asleep');
}
