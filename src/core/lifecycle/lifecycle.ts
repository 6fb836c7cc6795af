/**
 * The state machine of an instance: (state, event, now) → new state and effects. Pure: its caller carries the effects
 * out and returns their outcomes as events. |
 * Every way out of a process goes through `stopping`. The next state begins only when nothing of the process is left
 * (`ended`), so that two processes of one instance never overlap.
 */
import { type CrashHistory, type Desired, NO_CRASHES } from './instance.ts';
import type { Lifecycle, LifecycleEvent, Step } from './lifecycle-events.ts';
import type { LifecyclePolicy, StepContext } from './lifecycle-policy.ts';
import { awaitHooks, hold, hooksDone, unhold } from './transitions/held.ts';
import { stepLeaving } from './transitions/leaving.ts';
import { stay } from './transitions/moves.ts';
import { stepSuspended } from './transitions/suspended.ts';
import { stepWithProcess } from './transitions/with-process.ts';
import { stepWithoutProcess } from './transitions/without-process.ts';

export function newLifecycle(desired: Desired, history: CrashHistory = NO_CRASHES): Lifecycle {
  const state = desired === 'stopped' ? 'stopped' : 'asleep';
  const { crashesMs, probationUntilMs } = history;
  const past = { crashesMs, probationUntilMs, retryAtMs: null };
  return { ...past, state, desired, hasServed: false, next: 'asleep', hold: 'none', hooks: 'none', over: false };
}

/** Performs one step. An event without a meaning in this state changes nothing. */
export function step(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: StepContext): Step {
  if (now.over) return stay(now);
  if (event.type === 'hold') return hold(now);
  if (event.type === 'unhold') return unhold(now);
  if (event.type === 'await-hooks') return awaitHooks(now);
  if (event.type === 'hooks-done') return hooksDone(now);
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
