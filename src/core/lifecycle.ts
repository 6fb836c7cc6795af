/**
 * THE state machine of an instance: (state, event, now) → new state and effects. Pure: whoever runs
 * it carries the effects out and feeds what comes of them back as events.
 *
 * Every way out of a process goes through `stopping`: only when nothing of the process is left
 * (`ended`) does the state that follows come, so two processes of one instance never overlap.
 */
import { type BackoffPolicy, backoffDelayMs, recentCrashes } from './backoff.ts';
import { type CrashHistory, type Desired, type ExitReason, NO_CRASHES, type State } from './instance.ts';
import type { ServiceConfig, Settings } from './service.ts';

/** What comes when the process has ended. */
export type Next = 'asleep' | 'stopped' | 'start' | 'wake' | 'crash' | 'removed' | 'closed';

export interface Lifecycle extends CrashHistory {
  readonly state: State;
  readonly desired: Desired;
  /** Meaningful in `draining` and `stopping`. */
  readonly next: Next;
  /** Unregistered or closed with the server: takes no further event. */
  readonly over: boolean;
}

export interface LifecyclePolicy {
  readonly restart: 'on-failure' | 'always' | 'never';
  readonly backoff: BackoffPolicy;
}

export function lifecyclePolicy(
  { restart }: Pick<ServiceConfig, 'restart'>,
  { backoffBaseMs, backoffMaxMs, maxRestarts, restartWindowMs }: Settings,
): LifecyclePolicy {
  return { restart, backoff: { baseMs: backoffBaseMs, maxMs: backoffMaxMs, maxRestarts, windowMs: restartWindowMs } };
}

export type LifecycleEvent =
  /** An operator starts it. */
  | { readonly type: 'start' }
  /** A request needs it. */
  | { readonly type: 'wake' }
  /** It was idle for its idle timeout, or an operator puts it to sleep. */
  | { readonly type: 'sleep' }
  /** An operator stops it, or `storage_action`. */
  | { readonly type: 'stop'; readonly overStorage?: true }
  | { readonly type: 'restart' }
  /** It is unregistered. */
  | { readonly type: 'remove' }
  /** The server ends, or the config no longer has its service; the desired state stays. */
  | { readonly type: 'close' }
  /** Its process of an earlier server runs: take it back. */
  | { readonly type: 'adopt' }
  /** A process of an earlier server runs that no longer belongs: end it, then go on. */
  | { readonly type: 'clear'; readonly next: Next }
  /** It was waiting for its next try when the server before this one ended. */
  | { readonly type: 'resume-wait'; readonly state: 'backoff' | 'failed'; readonly atMs: number }
  /** Nobody waits for it any more, and its process has not been started yet. */
  | { readonly type: 'abandoned' }
  | { readonly type: 'ready' }
  /** The command could not be run: there is no process. */
  | { readonly type: 'launch-failed' }
  /** max_running are busy: it was not started, and that is not its fault. */
  | { readonly type: 'no-room' }
  | { readonly type: 'startup-timeout' }
  | { readonly type: 'unhealthy' }
  /** It runs but cannot be what it should be: no socket at its path, another's in its place. */
  | { readonly type: 'unfit' }
  | { readonly type: 'over-memory' }
  /** The child exited without being asked. */
  | { readonly type: 'exited'; readonly code: number | null }
  /** Nothing is in flight any more, or the drain timeout has passed. */
  | { readonly type: 'drained' }
  /** Nothing of the process is left. */
  | { readonly type: 'ended' }
  /** `retryAtMs` has come. */
  | { readonly type: 'retry' };

export type Effect =
  | { readonly do: 'launch' }
  /** Like `launch`, with the process that runs already. */
  | { readonly do: 'adopt' }
  /** Say `drained` once nothing is in flight. */
  | { readonly do: 'drain' }
  /** End the process and all that it started, then say `ended`. `kill`: without asking first. */
  | { readonly do: 'terminate'; readonly kill: boolean }
  /** Say `retry` at that time. */
  | { readonly do: 'schedule-retry'; readonly atMs: number }
  /** Why the process ended, when the event itself is the reason. */
  | { readonly do: 'blame'; readonly reason: ExitReason };

export interface Step {
  readonly next: Lifecycle;
  readonly effects: readonly Effect[];
}

export interface Now {
  readonly nowMs: number;
  /** 0 to 1, for jitter. */
  readonly random: number;
}

export function newLifecycle(desired: Desired, history: CrashHistory = NO_CRASHES): Lifecycle {
  const state = desired === 'stopped' ? 'stopped' : 'asleep';
  return { ...history, retryAtMs: null, state, desired, next: 'asleep', over: false };
}

/** One step. An event that means nothing in this state changes nothing. */
export function step(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: Now): Step {
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
    next: { ...lifecycle, state: 'starting', desired: 'up', retryAtMs: null },
    effects: [{ do: 'launch' }],
  };
}

/** What an operator starts begins with a clean record. */
function pardon(lifecycle: Lifecycle): Lifecycle {
  return { ...lifecycle, crashesMs: [], probationUntilMs: 0 };
}

function rest(lifecycle: Lifecycle, state: 'asleep' | 'stopped'): Step {
  return { next: { ...lifecycle, state, desired: state, retryAtMs: null }, effects: [] };
}

function finish(lifecycle: Lifecycle): Step {
  const state = lifecycle.desired === 'stopped' ? 'stopped' : 'asleep';
  return { next: { ...lifecycle, state, retryAtMs: null, over: true }, effects: [] };
}

function stepWithoutProcess(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: Now): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
      return launch(pardon(now));
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
      return { next: { ...now, state: 'starting', desired: 'up', retryAtMs: null }, effects: [{ do: 'adopt' }] };
    case 'clear':
      return end(now, event.next, [{ do: 'adopt' }]);
    case 'resume-wait':
      return wait(now, event.state, event.atMs);
    default:
      return stay(now);
  }
}

function retry(now: Lifecycle, policy: LifecyclePolicy, at: Now): Step {
  if (now.state === 'backoff') return launch(now);
  if (now.state === 'failed') return launch({ ...now, probationUntilMs: at.nowMs + policy.backoff.windowMs });
  return stay(now);
}

function stepWithProcess(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy): Step {
  switch (event.type) {
    case 'ready':
      return now.state === 'starting' ? { next: { ...now, state: 'ready' }, effects: [] } : stay(now);
    case 'sleep':
      return leave({ ...now, desired: 'asleep' }, 'asleep');
    case 'stop':
      return leave({ ...now, desired: 'stopped' }, 'stopped');
    case 'restart':
      return leave(pardon(now), 'start');
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
      return now.state === 'starting' ? end(now, 'crash', [{ do: 'blame', reason: 'start_failed' }]) : stay(now);
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

/** Exit status 0 of a ready instance is its own decision to rest; before it was ready it is a failed start. */
function exited(now: Lifecycle, code: number | null, policy: LifecyclePolicy): Step {
  const clean = code === 0 && now.state === 'ready' && policy.restart !== 'always';
  return clean ? end({ ...now, desired: 'asleep' }, 'asleep', []) : end(now, 'crash', []);
}

/** A ready instance drains first; one that is still starting has nothing in flight. */
function leave(now: Lifecycle, next: Next): Step {
  if (now.state === 'starting') return end(now, next, [{ do: 'blame', reason: 'stopped' }]);
  return { next: { ...now, state: 'draining', next }, effects: [{ do: 'drain' }] };
}

function end(now: Lifecycle, next: Next, before: readonly Effect[], kill = false): Step {
  return { next: { ...now, state: 'stopping', next }, effects: [...before, { do: 'terminate', kill }] };
}

function stepLeaving(now: Lifecycle, event: LifecycleEvent, policy: LifecyclePolicy, at: Now): Step {
  switch (event.type) {
    case 'drained':
      return now.state === 'draining' ? end(now, now.next, [{ do: 'blame', reason: 'stopped' }]) : stay(now);
    case 'exited':
      return now.state === 'draining' ? end(now, now.next, [{ do: 'blame', reason: 'stopped' }]) : stay(now);
    case 'over-memory':
      return now.state === 'draining' ? end(now, now.next, [{ do: 'blame', reason: 'oom' }], true) : stay(now);
    case 'ended':
      return now.state === 'stopping' ? ended(now, policy, at) : stay(now);
    default:
      return stay(redirect(now, event));
  }
}

/** A change of mind while the old process goes: the last word of an operator counts, a request only wakes a sleeper. */
function redirect(now: Lifecycle, event: LifecycleEvent): Lifecycle {
  if (now.next === 'removed' || now.next === 'closed') return now;
  switch (event.type) {
    case 'start':
    case 'restart':
      return { ...pardon(now), next: 'start', desired: 'up' };
    case 'wake':
      return now.next === 'asleep' ? { ...now, next: 'wake', desired: 'up' } : now;
    case 'sleep':
      return now.next === 'stopped' ? now : { ...now, next: 'asleep', desired: 'asleep' };
    case 'stop':
      return { ...now, next: 'stopped', desired: 'stopped' };
    case 'remove':
      return { ...now, next: 'removed' };
    case 'close':
      return { ...now, next: 'closed' };
    default:
      return now;
  }
}

function ended(now: Lifecycle, policy: LifecyclePolicy, at: Now): Step {
  switch (now.next) {
    case 'start':
    case 'wake':
      return launch(now);
    case 'asleep':
    case 'stopped':
      return rest(now, now.next);
    case 'removed':
    case 'closed':
      return finish(now);
    case 'crash':
      return afterCrash(now, policy, at);
  }
}

function afterCrash(now: Lifecycle, policy: LifecyclePolicy, at: Now): Step {
  const crashesMs = [...recentCrashes(now.crashesMs, policy.backoff, at.nowMs), at.nowMs];
  const crashed = { ...now, crashesMs };
  if (crashesMs.length > policy.backoff.maxRestarts || at.nowMs < now.probationUntilMs) {
    return wait(crashed, 'failed', at.nowMs + policy.backoff.windowMs);
  }
  // With `never` the supervisor leaves it alone; a request may still wake it, as after any other end.
  if (policy.restart === 'never') return rest(crashed, 'asleep');
  return wait(crashed, 'backoff', at.nowMs + backoffDelayMs(crashesMs.length, policy.backoff, at.random));
}

function wait(now: Lifecycle, state: 'backoff' | 'failed', atMs: number): Step {
  return { next: { ...now, state, retryAtMs: atMs }, effects: [{ do: 'schedule-retry', atMs }] };
}
