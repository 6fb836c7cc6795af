/** What happens to an instance, and what is done about it: the words of the state machine in `lifecycle.ts`. Pure. */
import type { CrashHistory, Desired, ExitReason, State } from './instance.ts';

/** What comes when the process has ended. */
export type Next = 'asleep' | 'suspended' | 'stopped' | 'start' | 'wake' | 'crash' | 'removed' | 'closed';

export interface Lifecycle extends CrashHistory {
  readonly state: State;
  readonly desired: Desired;
  /** The process that runs, or that ran last, has been ready. */
  readonly hasServed: boolean;
  /** Meaningful in `draining` and `stopping`. */
  readonly next: Next;
  /** Unregistered or closed with the server: takes no further event. */
  readonly over: boolean;
}

export type LifecycleEvent =
  /** An operator starts it. */
  | { readonly type: 'start' }
  /** A request needs it. */
  | { readonly type: 'wake' }
  /** An operator puts it to sleep, or it was idle for its idle timeout: it ends or is suspended, as its service says. */
  | { readonly type: 'sleep'; readonly isIdle?: true }
  /** Its place or its memory is needed, or it was suspended for long enough: it ends, and a request wakes it. */
  | { readonly type: 'evict' }
  /** An operator stops it, or `storage_action`. */
  | { readonly type: 'stop'; readonly overStorage?: true }
  | { readonly type: 'restart' }
  /** It is unregistered. */
  | { readonly type: 'remove' }
  /** The server ends, or the config no longer has its service; the desired state stays. */
  | { readonly type: 'close' }
  /** Its process of an earlier server is there: take it back. `suspended`: it is frozen, and stays so. */
  | { readonly type: 'adopt'; readonly suspended: boolean }
  /** A process of an earlier server runs that no longer belongs: end it, then go on. */
  | { readonly type: 'clear'; readonly next: Next }
  /** It crashed, or is about to start, on other terms than those of now: what happened before no longer counts. */
  | { readonly type: 'renewed' }
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
  /** Nothing is in flight any more, or the drain timeout has passed. `isQuiet`: nobody waits for anything of it. */
  | { readonly type: 'drained'; readonly isQuiet: boolean }
  /** Nothing of the process is left. */
  | { readonly type: 'ended' }
  /** `retryAtMs` has come. */
  | { readonly type: 'retry' };

export type Effect =
  | { readonly do: 'launch' }
  /** Like `launch`, with the process that runs already. `suspended`: nobody asks it anything. */
  | { readonly do: 'adopt'; readonly suspended: boolean }
  | { readonly do: 'suspend' }
  /** Let it go on, and serve at its public path. */
  | { readonly do: 'resume' }
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
