/** Transitions of an instance without a process. Pure. */
import type { Lifecycle, LifecycleEvent, Step } from '../lifecycle-events.ts';
import type { LifecyclePolicy, StepContext } from '../lifecycle-policy.ts';
import { end, finish, halted, isHalted, launch, pardon, rest, stay, suspend, wait } from './moves.ts';

export function stepWithoutProcess(
  now: Lifecycle,
  event: LifecycleEvent,
  policy: LifecyclePolicy,
  at: StepContext,
): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
      return isHalted(now) ? stay(now) : launch(pardon(now));
    case 'halt':
      return now.state === 'stopped' ? stay(now) : { next: halted(now), effects: [] };
    case 'unhalt':
      return isHalted(now) ? { next: { ...now, state: 'asleep' }, effects: [] } : stay(now);
    case 'wake':
      return now.state === 'asleep' ? launch(now) : stay(now);
    case 'retry':
      return retry(now, policy, at);
    case 'sleep':
      return now.state === 'stopped' ? stay(now) : rest(now, 'asleep');
    case 'stop':
      return rest(now, 'stopped');
    case 'remove':
    case 'close':
      return finish(now);
    case 'adopt':
      return adopt(now, event.suspended);
    case 'clear':
      return end(now, event.next, [{ do: 'adopt', suspended: false }]);
    case 'renewed':
      return renewed(now);
    case 'resume-wait':
      return wait(now, event.state, event.atMs);
    default:
      return stay(now);
  }
}

function renewed(now: Lifecycle): Step {
  const waits = now.state === 'backoff' || now.state === 'failed';
  return waits ? launch(pardon(now)) : { next: pardon(now), effects: [] };
}

function adopt(now: Lifecycle, suspended: boolean): Step {
  if (suspended) return suspend(now, [{ do: 'adopt', suspended }]);
  return { next: { ...now, state: 'starting', desired: 'up', retryAtMs: null }, effects: [{ do: 'adopt', suspended }] };
}

function retry(now: Lifecycle, policy: LifecyclePolicy, at: StepContext): Step {
  if (now.state === 'backoff') return launch(now);
  if (now.state === 'failed') return launch({ ...now, probationUntilMs: at.nowMs + policy.backoff.windowMs });
  return stay(now);
}
