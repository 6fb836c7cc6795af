/** Events, effects and states of the state machine in `lifecycle.ts`. Pure. */
import type { Actor } from '../access/actor.ts';
import type { CrashHistory, Desired, ExitReason, State } from './instance.ts';

/** What follows the end of the process. */
export type FollowUp =
  | 'asleep'
  | 'suspended'
  | 'stopped'
  | 'halted'
  | 'start'
  | 'wake'
  | 'crash'
  | 'removed'
  | 'closed';

export interface Lifecycle extends CrashHistory {
  readonly state: State;
  readonly desired: Desired;
  /** Whether the process that runs, or that ran last, has been ready. */
  readonly hasServed: boolean;
  /** Meaningful in `draining` and `stopping`. */
  readonly next: FollowUp;
  /**
   * `held`: its tenant is held, so nothing starts it now. `wanted`: it is held and starts afterwards, because it ran when the
   * hold began, or was asked to start since.
   */
  readonly hold: 'none' | 'held' | 'wanted';
  /**
   * `held`: hooks of its service are still to run, so a new process would lack their secrets and nothing starts one. A
   * process that runs goes on. `wanted`: it starts when they have succeeded, because it was asked to meanwhile.
   */
  readonly hooks: 'none' | 'held' | 'wanted';
  /** Whether it is unregistered, or closed with the server, and takes no further event. */
  readonly over: boolean;
}

export type LifecycleEvent =
  /** An operator starts it. `by`, here and below: who asked for it; left out: tenement itself. */
  | { readonly type: 'start'; readonly by?: Actor }
  /** A request needs it, or an operator (`by`) asks for what a request would get. */
  | { readonly type: 'wake'; readonly by?: Actor }
  /**
   * An operator puts it to sleep, or it was idle for its idle timeout. It ends or is suspended, as its service says.
   */
  | { readonly type: 'sleep'; readonly isIdle?: true; readonly by?: Actor }
  /** Its place or memory is needed, or it was suspended for long enough. It ends, and a request wakes it. */
  | { readonly type: 'evict'; readonly by?: Actor }
  /** An operator stops it, or `storage_action` does. */
  | { readonly type: 'stop'; readonly overStorage?: true; readonly by?: Actor }
  | { readonly type: 'restart'; readonly by?: Actor }
  /** Its tenant may not run now. It is stopped, and nothing but `unhalt` makes it run again. The desired state stays. */
  | { readonly type: 'halt'; readonly by?: Actor }
  /** Its tenant may run again: a request wakes it, unless it is stopped itself. */
  | { readonly type: 'unhalt'; readonly by?: Actor }
  /** Its tenant is held: it drains and ends, and requests wait. The desired state stays. */
  | { readonly type: 'hold' }
  /** The hold is over: it starts if it ran before, or if a request waits. */
  | { readonly type: 'unhold' }
  /** Its service has got hooks that are still to run for its tenant: it is not started before. */
  | { readonly type: 'await-hooks' }
  /** The hooks of its service have succeeded: it starts if it was asked to meanwhile. */
  | { readonly type: 'hooks-done' }
  /** It is unregistered. */
  | { readonly type: 'remove'; readonly by?: Actor }
  /** The server ends, or the config no longer has its service. The desired state stays. */
  | { readonly type: 'close' }
  /** A process of an earlier server runs, and is taken back. `suspended`: it is frozen, and stays so. */
  | { readonly type: 'adopt'; readonly suspended: boolean }
  /** A process of an earlier server no longer belongs. It is ended, and `next` follows. */
  | { readonly type: 'clear'; readonly next: FollowUp }
  /** Its terms differ from those of its crashes, which therefore no longer count. */
  | { readonly type: 'renewed' }
  /** It was waiting for its next try when an earlier server ended. */
  | { readonly type: 'resume-wait'; readonly state: 'backoff' | 'failed'; readonly atMs: number }
  /** No request waits for it any more, and its process has not been started yet. */
  | { readonly type: 'abandoned' }
  | { readonly type: 'ready' }
  /** The command could not be run: there is no process. */
  | { readonly type: 'launch-failed' }
  /** max_running instances are busy, so it was not started, through no fault of its own. */
  | { readonly type: 'no-room' }
  | { readonly type: 'startup-timeout' }
  | { readonly type: 'unhealthy' }
  /** It runs but cannot serve: its path has no socket, or another's. */
  | { readonly type: 'unfit' }
  | { readonly type: 'over-memory' }
  /** The child exited without being asked. */
  | { readonly type: 'exited'; readonly code: number | null }
  /** Nothing is in flight any more, or the drain timeout has passed. `isQuiet`: no client waits for a response. */
  | { readonly type: 'drained'; readonly isQuiet: boolean }
  /** Nothing of the process is left. */
  | { readonly type: 'ended' }
  /** `retryAtMs` has come. */
  | { readonly type: 'retry' };

export type Effect =
  | { readonly do: 'launch' }
  /** Like `launch`, with a process that runs already. `suspended`: it is not probed. */
  | { readonly do: 'adopt'; readonly suspended: boolean }
  /** Run the hooks that it waits for. */
  | { readonly do: 'provision' }
  | { readonly do: 'suspend' }
  /** Resume the process, and serve at its public path. */
  | { readonly do: 'resume' }
  /** Report `drained` once nothing is in flight. */
  | { readonly do: 'drain' }
  /** End the process with all that it started, then report `ended`. `kill`: with SIGKILL at once. */
  | { readonly do: 'terminate'; readonly kill: boolean }
  /** Report `retry` at that time. */
  | { readonly do: 'schedule-retry'; readonly atMs: number }
  /** Record why the process ended, when the event itself is the reason. */
  | { readonly do: 'blame'; readonly reason: ExitReason };

export interface Step {
  readonly next: Lifecycle;
  readonly effects: readonly Effect[];
}
