/** Transitions of an instance whose process drains or ends. Pure. */
import { backoffDelayMs, recentCrashes } from '../backoff.ts';
import type { Lifecycle, LifecycleEvent, Step } from '../lifecycle-events.ts';
import type { LifecyclePolicy, StepContext } from '../lifecycle-policy.ts';
import { end, endAsked, finish, halted, launch, pardon, rest, resume, stay, suspend, wait } from './moves.ts';

export function stepLeaving(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: StepContext): Step {
  switch (event.type) {
    case 'drained':
      if (now.state !== 'draining') return stay(now);
      return now.next === 'suspended' && event.isQuiet ? suspend(now, []) : endAsked(now, now.next);
    case 'exited':
      return now.state === 'draining' ? endAsked(now, now.next) : stay(now);
    case 'over-memory':
      return now.state === 'draining' ? end(now, now.next, [{ do: 'blame', reason: 'oom' }], true) : stay(now);
    case 'ended':
      return now.state === 'stopping' ? ended(now, policy, at) : stay(now);
    case 'wake':
    case 'start':
      // The process is not frozen yet, so it can continue.
      if (now.next === 'suspended') return resume(event.type === 'start' ? pardon(now) : now);
      return stay(redirect(now, event));
    default:
      return stay(redirect(now, event));
  }
}

/**
 * Applies an event while the old process ends. The last command of an operator wins; a request only wakes a sleeper.
 */
function redirect(now: Lifecycle, event: LifecycleEvent): Lifecycle {
  if (now.next === 'removed' || now.next === 'closed') return now;
  if (now.next === 'halted' && !MAY_FOLLOW_HALT.has(event.type)) return now;
  switch (event.type) {
    case 'start':
    case 'restart':
      return { ...pardon(now), next: 'start', desired: 'up' };
    case 'wake':
      return now.next === 'asleep' ? { ...now, next: 'wake', desired: 'up' } : now;
    case 'sleep':
      return now.next === 'stopped' || now.next === 'suspended' ? now : { ...now, next: 'asleep', desired: 'asleep' };
    case 'evict':
      return now.next === 'suspended' ? { ...now, next: 'asleep' } : now;
    case 'renewed':
      return now.next === 'crash' ? { ...pardon(now), next: 'start' } : now;
    case 'stop':
      return { ...now, next: 'stopped', desired: 'stopped' };
    case 'halt':
      return now.next === 'stopped' ? now : { ...now, next: 'halted' };
    case 'unhalt':
      return now.next === 'halted' ? { ...now, next: 'asleep' } : now;
    case 'remove':
      return { ...now, next: 'removed' };
    case 'close':
      return { ...now, next: 'closed' };
    default:
      return now;
  }
}

/** Events that change what follows the end of an instance whose tenant may not run. */
const MAY_FOLLOW_HALT: ReadonlySet<LifecycleEvent['type']> = new Set(['stop', 'unhalt', 'remove', 'close']);

function ended(now: Lifecycle, policy: LifecyclePolicy, at: StepContext): Step {
  switch (now.next) {
    case 'start':
    case 'wake':
      return launch(now);
    case 'asleep':
    case 'suspended':
      return rest(now, 'asleep');
    case 'stopped':
      return rest(now, 'stopped');
    case 'halted':
      return { next: halted(now), effects: [] };
    case 'removed':
    case 'closed':
      return finish(now);
    case 'crash':
      return afterCrash(now, policy, at);
  }
}

function afterCrash(now: Lifecycle, policy: LifecyclePolicy, at: StepContext): Step {
  const counts = at.isCrashExcused !== true;
  const recent = recentCrashes(now.crashesMs, policy.backoff, at.nowMs);
  const crashesMs = counts ? [...recent, at.nowMs] : recent;
  const crashed = { ...now, crashesMs };
  if (counts && (crashesMs.length > policy.backoff.maxRestarts || at.nowMs < now.probationUntilMs)) {
    return wait(crashed, 'failed', at.nowMs + policy.backoff.windowMs);
  }
  // With `never` it is not restarted, but a request may wake it, as after any other end.
  if (policy.restart === 'never') return rest(crashed, 'asleep');
  // The first crash of a process that has served may be an accident. A repeated crash, or a failed start, is a fault.
  if (counts && crashesMs.length === 1 && now.hasServed) return launch(crashed);
  return wait(crashed, 'backoff', at.nowMs + backoffDelayMs(crashesMs.length, policy.backoff, at.random));
}
