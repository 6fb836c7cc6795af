/** The moves that the transitions of all states are made of. Pure. */
import type { Effect, FollowUp, Lifecycle, Step } from '../lifecycle-events.ts';

export function stay(lifecycle: Lifecycle): Step {
  return { next: lifecycle, effects: [] };
}

/** Starts it. While its tenant is held, or hooks are to run before, it only notes that it is to be started afterwards. */
export function launch(lifecycle: Lifecycle): Step {
  const waiting: Lifecycle = { ...lifecycle, state: 'asleep', desired: 'up', retryAtMs: null };
  if (lifecycle.hold !== 'none') return { next: { ...waiting, hold: 'wanted' }, effects: [] };
  if (lifecycle.hooks !== 'none') return { next: { ...waiting, hooks: 'wanted' }, effects: [{ do: 'provision' }] };
  return {
    next: { ...lifecycle, state: 'starting', desired: 'up', hasServed: false, retryAtMs: null },
    effects: [{ do: 'launch' }],
  };
}

/** Whether it is stopped because of its tenant, and not by itself. */
export function isHalted({ state, desired }: Lifecycle): boolean {
  return state === 'stopped' && desired !== 'stopped';
}

/** Clears the crash history, which a start by an operator does. */
export function pardon(lifecycle: Lifecycle): Lifecycle {
  return { ...lifecycle, crashesMs: [], probationUntilMs: 0 };
}

export function rest(lifecycle: Lifecycle, state: 'asleep' | 'stopped'): Step {
  const hold = lifecycle.hold === 'none' ? 'none' : 'held';
  const hooks = lifecycle.hooks === 'none' ? 'none' : 'held';
  return { next: { ...lifecycle, state, desired: state, hold, hooks, retryAtMs: null }, effects: [] };
}

/** Stops it until its tenant may run. */
export function halted(lifecycle: Lifecycle): Lifecycle {
  return { ...lifecycle, state: 'stopped', retryAtMs: null };
}

export function finish(lifecycle: Lifecycle): Step {
  const state = lifecycle.desired === 'stopped' ? 'stopped' : 'asleep';
  return { next: { ...lifecycle, state, retryAtMs: null, over: true }, effects: [] };
}

export function suspend(now: Lifecycle, before: readonly Effect[]): Step {
  const next: Lifecycle = { ...now, state: 'suspended', desired: 'asleep', retryAtMs: null };
  return { next, effects: [...before, { do: 'suspend' }] };
}

export function resume(now: Lifecycle): Step {
  return { next: { ...now, state: 'ready', hasServed: true, desired: 'up' }, effects: [{ do: 'resume' }] };
}

export function endAsked(now: Lifecycle, next: FollowUp): Step {
  return end(now, next, [{ do: 'blame', reason: 'stopped' }]);
}

/** Ends the process. An instance that was to be suspended goes to sleep instead. */
export function end(now: Lifecycle, next: FollowUp, before: readonly Effect[], kill = false): Step {
  const then = next === 'suspended' ? 'asleep' : next;
  return { next: { ...now, state: 'stopping', next: then }, effects: [...before, { do: 'terminate', kill }] };
}

export function wait(now: Lifecycle, state: 'backoff' | 'failed', atMs: number): Step {
  return { next: { ...now, state, retryAtMs: atMs }, effects: [{ do: 'schedule-retry', atMs }] };
}
