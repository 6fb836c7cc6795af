/** Transitions of an instance whose process starts or serves. Pure. */
import type { FollowUp, Lifecycle, LifecycleEvent, Step } from '../lifecycle-events.ts';
import type { LifecyclePolicy } from '../lifecycle-policy.ts';
import { end, endAsked, pardon, rest, stay } from './moves.ts';

export function stepWithProcess(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy): Step {
  switch (event.type) {
    case 'ready':
      return now.state === 'starting' ? { next: { ...now, state: 'ready', hasServed: true }, effects: [] } : stay(now);
    case 'sleep':
      return leave({ ...now, desired: 'asleep' }, policy.idleAction === 'suspend' ? 'suspended' : 'asleep');
    case 'evict':
      return now.state === 'ready' ? leave({ ...now, desired: 'asleep' }, 'asleep') : stay(now);
    case 'stop':
      return leave({ ...now, desired: 'stopped' }, 'stopped');
    case 'restart':
      return leave(pardon(now), 'start');
    case 'renewed':
      return now.state === 'starting' ? endAsked(pardon(now), 'start') : stay(now);
    case 'halt':
      return leave(now, 'halted');
    case 'remove':
      return leave(now, 'removed');
    case 'close':
      return leave(now, 'closed');
    case 'abandoned':
      return now.state === 'starting' ? end({ ...now, desired: 'asleep' }, 'asleep', []) : stay(now);
    case 'launch-failed':
      return end(now, 'crash', [{ do: 'blame', reason: 'spawn_failed' }]);
    case 'no-room':
      return now.state === 'starting' ? rest(now, 'asleep') : stay(now);
    case 'startup-timeout':
      return now.state === 'starting' ? end(now, 'crash', [{ do: 'blame', reason: 'startup_timeout' }]) : stay(now);
    case 'unfit':
      return end(now, 'crash', [{ do: 'blame', reason: 'start_failed' }]);
    case 'unhealthy':
      return end(now, 'crash', [{ do: 'blame', reason: 'unhealthy' }]);
    case 'over-memory':
      return end(now, 'crash', [{ do: 'blame', reason: 'oom' }], true);
    case 'exited':
      return exited(now, event.code, policy);
    default:
      return stay(now);
  }
}

/** A ready instance that exits with status 0 chose to rest. Before it is ready, any exit is a failed start. */
function exited(now: Lifecycle, code: number | null, policy: LifecyclePolicy): Step {
  const clean = code === 0 && now.state === 'ready' && policy.restart !== 'always';
  return clean ? end({ ...now, desired: 'asleep' }, 'asleep', []) : end(now, 'crash', []);
}

/** A ready instance drains first; a starting one has nothing in flight. */
export function leave(now: Lifecycle, next: FollowUp): Step {
  if (now.state === 'starting') return endAsked(now, next);
  return { next: { ...now, state: 'draining', next }, effects: [{ do: 'drain' }] };
}
