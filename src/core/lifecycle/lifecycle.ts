/**
 * The state machine of an instance: (state, event, now) → new state and effects. Pure: its caller carries the effects
 * out and returns their outcomes as events. |
 * Every way out of a process goes through `stopping`. The next state begins only when nothing of the process is left
 * (`ended`), so that two processes of one instance never overlap.
 */
import { backoffDelayMs, recentCrashes } from './backoff.ts';
import { type CrashHistory, type Desired, NO_CRASHES } from './instance.ts';
import type { Effect, FollowUp, Lifecycle, LifecycleEvent, Step } from './lifecycle-events.ts';
import type { LifecyclePolicy, StepContext } from './lifecycle-policy.ts';

export function newLifecycle(desired: Desired, history: CrashHistory = NO_CRASHES): Lifecycle {
  const state = desired === 'stopped' ? 'stopped' : 'asleep';
  const { crashesMs, probationUntilMs } = history;
  const past = { crashesMs, probationUntilMs, retryAtMs: null };
  return { ...past, state, desired, hasServed: false, next: 'asleep', over: false };
}

/** Performs one step. An event without a meaning in this state changes nothing. */
export function step(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: StepContext): Step {
  if (now.over) return stay(now);
  switch (now.state) {
    case 'asleep':
    case 'stopped':
    case 'backoff':
    case 'failed':
      return stepWithoutProcess(now, event, policy, at);
    case 'starting':
    case 'ready':
      return stepWithProcess(now, event, policy);
    case 'suspended':
      return stepSuspended(now, event);
    case 'draining':
    case 'stopping':
      return stepLeaving(now, event, policy, at);
  }
}

function stay(lifecycle: Lifecycle): Step {
  return { next: lifecycle, effects: [] };
}

function launch(lifecycle: Lifecycle): Step {
  return {
    next: { ...lifecycle, state: 'starting', desired: 'up', hasServed: false, retryAtMs: null },
    effects: [{ do: 'launch' }],
  };
}

/** Whether it is stopped because of its tenant, and not by itself. */
function isHalted({ state, desired }: Lifecycle): boolean {
  return state === 'stopped' && desired !== 'stopped';
}

/** Clears the crash history, which a start by an operator does. */
function pardon(lifecycle: Lifecycle): Lifecycle {
  return { ...lifecycle, crashesMs: [], probationUntilMs: 0 };
}

function rest(lifecycle: Lifecycle, state: 'asleep' | 'stopped'): Step {
  return { next: { ...lifecycle, state, desired: state, retryAtMs: null }, effects: [] };
}

/** Stops it until its tenant may run. */
export function halted(lifecycle: Lifecycle): Lifecycle {
  return { ...lifecycle, state: 'stopped', retryAtMs: null };
}

function finish(lifecycle: Lifecycle): Step {
  const state = lifecycle.desired === 'stopped' ? 'stopped' : 'asleep';
  return { next: { ...lifecycle, state, retryAtMs: null, over: true }, effects: [] };
}

function stepWithoutProcess(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: StepContext): Step {
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

function stepWithProcess(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy): Step {
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

function stepSuspended(now: Lifecycle, event: LifecycleEvent): Step {
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

function suspend(now: Lifecycle, before: readonly Effect[]): Step {
  const next: Lifecycle = { ...now, state: 'suspended', desired: 'asleep', retryAtMs: null };
  return { next, effects: [...before, { do: 'suspend' }] };
}

function resume(now: Lifecycle): Step {
  return { next: { ...now, state: 'ready', hasServed: true, desired: 'up' }, effects: [{ do: 'resume' }] };
}

/** A ready instance drains first; a starting one has nothing in flight. */
function leave(now: Lifecycle, next: FollowUp): Step {
  if (now.state === 'starting') return endAsked(now, next);
  return { next: { ...now, state: 'draining', next }, effects: [{ do: 'drain' }] };
}

function endAsked(now: Lifecycle, next: FollowUp): Step {
  return end(now, next, [{ do: 'blame', reason: 'stopped' }]);
}

/** Ends the process. An instance that was to be suspended goes to sleep instead. */
function end(now: Lifecycle, next: FollowUp, before: readonly Effect[], kill = false): Step {
  const then = next === 'suspended' ? 'asleep' : next;
  return { next: { ...now, state: 'stopping', next: then }, effects: [...before, { do: 'terminate', kill }] };
}

function stepLeaving(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: StepContext): Step {
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

function wait(now: Lifecycle, state: 'backoff' | 'failed', atMs: number): Step {
  return { next: { ...now, state, retryAtMs: atMs }, effects: [{ do: 'schedule-retry', atMs }] };
}
