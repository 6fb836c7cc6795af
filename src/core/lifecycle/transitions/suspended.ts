/** Transitions of an instance whose process is frozen. Pure. */
import type { Lifecycle, LifecycleEvent, Step } from '../lifecycle-events.ts';
import { end, endAsked, pardon, resume, stay } from './moves.ts';

export function stepSuspended(now: Lifecycle, event: LifecycleEvent): Step {
  switch (event.type) {
    case 'wake':
      return resume(now);
    case 'start':
      return resume(pardon(now));
    case 'restart':
      return endAsked(pardon(now), 'start');
    case 'evict':
      return endAsked(now, 'asleep');
    case 'stop':
      return endAsked({ ...now, desired: 'stopped' }, 'stopped');
    case 'halt':
      return endAsked(now, 'halted');
    case 'remove':
      return endAsked(now, 'removed');
    case 'close':
      return endAsked(now, 'closed');
    // An instance that exits while suspended is not needed now, so it is not started again.
    case 'exited':
      return end(now, 'asleep', []);
    case 'over-memory':
      return end(now, 'asleep', [{ do: 'blame', reason: 'oom' }], true);
    default:
      return stay(now);
  }
}
