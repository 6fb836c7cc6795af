/** Types and messages of the events for changes of state. Pure. */

import { isForStorage } from '../limits/storage.ts';
import type { StateEventType } from './event-data.ts';
import type { LastExit } from './instance.ts';
import type { Lifecycle, LifecycleEvent } from './lifecycle-events.ts';

export interface EventMessage {
  readonly type: StateEventType;
  readonly message: string;
}

/** Returns the event for one step, or null when it is worth none. */
export function eventMessage(
  was: Lifecycle,
  is: Lifecycle,
  event: LifecycleEvent,
  exit: LastExit | null,
): EventMessage | null {
  if (was.state === is.state) return null;
  switch (is.state) {
    case 'starting':
      return starting(was, event);
    case 'ready':
      return ready(was, event);
    case 'suspended':
      return suspended(event);
    case 'draining':
      return null;
    case 'stopping':
      return stopping(is, event, exit);
    case 'asleep':
      return asleep(was, is, event);
    case 'stopped':
      return { type: 'stopped', message: stopped(was, event, exit) };
    case 'backoff':
      return { type: 'backoff', message: 'restarts after a delay' };
    case 'failed':
      return { type: 'failed', message: 'crashes repeatedly; not restarted until restart_window has passed' };
  }
}

function ready(was: Lifecycle, event: LifecycleEvent): EventMessage | null {
  if (was.state === 'starting') return { type: 'ready', message: 'takes requests' };
  // The suspension was cancelled.
  if (was.state === 'draining') return null;
  return { type: 'thawed', message: isRequest(event) ? 'by a request' : 'by an operator' };
}

function suspended(event: LifecycleEvent): EventMessage {
  if (event.type === 'adopt') return { type: 'adopted', message: 'was frozen before this server started; left frozen' };
  return { type: 'suspended', message: 'frozen; the next request thaws it' };
}

function stopping(is: Lifecycle, event: LifecycleEvent, exit: LastExit | null): EventMessage | null {
  if (is.next === 'crash' || event.type === 'over-memory') return crash(event, exit);
  if (event.type === 'clear') return { type: 'cleared', message: 'a process of an earlier server is ended' };
  return event.type === 'exited' ? { type: 'exited', message: 'exited by itself' } : null;
}

function stopped(was: Lifecycle, event: LifecycleEvent, exit: LastExit | null): string {
  if (event.type === 'halt' || was.next === 'halted') return 'with its tenant';
  const forStorage = isForStorage(event) || (was.state === 'stopping' && exit?.reason === 'storage');
  return forStorage ? 'over its storage limit' : 'by an operator';
}

function asleep(was: Lifecycle, is: Lifecycle, event: LifecycleEvent): EventMessage | null {
  // The event of its tenant says that.
  if (event.type === 'unhalt') return null;
  if (event.type === 'no-room') return { type: 'no-room', message: 'not started: max_running instances are busy' };
  if (was.next === 'crash' && was.state === 'stopping')
    return { type: 'ended', message: 'not restarted: restart is "never"' };
  if (is.hold !== 'none') return { type: 'slept', message: 'ended for an operation on its tenant' };
  if (is.hooks === 'wanted') return { type: 'slept', message: 'ended; it starts when its hooks have succeeded' };
  return { type: 'slept', message: 'went to sleep' };
}

function starting(was: Lifecycle, event: LifecycleEvent): EventMessage {
  if (event.type === 'adopt') return { type: 'adopted', message: 'was running before this server started; taken back' };
  if (event.type === 'unhold') return { type: 'restarted', message: 'the operation on its tenant is over' };
  if (event.type === 'hooks-done') return { type: 'woke', message: 'its hooks have succeeded' };
  if (isRequest(event) || isWokenAgain(was)) return { type: 'woke', message: 'woken by a request' };
  if (event.type === 'wake') return { type: 'woke', message: 'woken by an operator' };
  if (isRestartedAtOnce(was)) return { type: 'restarted', message: 'after a crash, at once' };
  if (event.type === 'retry')
    return { type: 'restarted', message: was.state === 'failed' ? 'tried once more' : 'after a crash' };
  if (was.state === 'stopping') return { type: 'restarted', message: 'the previous process has ended' };
  return { type: 'started', message: 'process starts' };
}

function isRequest(event: LifecycleEvent): boolean {
  return event.type === 'wake' && event.by === undefined;
}

/** A request came while the instance went to sleep. */
export function isWokenAgain(was: Lifecycle): boolean {
  return was.state === 'stopping' && was.next === 'wake';
}

/** Whether a starting instance has crashed and restarts without a delay. */
export function isRestartedAtOnce(was: Lifecycle): boolean {
  return was.state === 'stopping' && was.next === 'crash';
}

function crash(event: LifecycleEvent, exit: LastExit | null): EventMessage {
  switch (event.type) {
    case 'over-memory':
      return { type: 'oom-killed', message: 'over its memory limit' };
    case 'unhealthy':
      return { type: 'unhealthy', message: 'failed its liveness probes' };
    case 'unfit':
      return { type: 'start-failed', message: 'runs, but cannot serve' };
    case 'startup-timeout':
      return { type: 'start-timeout', message: 'not ready within startup_timeout' };
    case 'launch-failed':
      return { type: 'spawn-failed', message: exit?.detail ?? 'could not be started' };
    default:
      if (exit?.reason === 'oom') return { type: 'oom-killed', message: 'over its memory limit' };
      return { type: 'crashed', message: exit === null ? 'ended' : describeExit(exit) };
  }
}

/** For example "exited with code 1", "was ended by SIGKILL: over its memory limit". */
export function describeExit(exit: LastExit): string {
  const how = exitManner(exit);
  return exit.detail === null ? how : `${how}: ${exit.detail}`;
}

function exitManner(exit: LastExit): string {
  if (exit.reason === 'spawn_failed') return 'could not be started';
  if (exit.reason === 'oom') return 'was ended because it was over its memory limit';
  if (exit.reason === 'storage') return 'was stopped';
  if (exit.reason === 'unhealthy') return 'was ended because it failed its liveness probes';
  if (exit.reason === 'start_failed') return 'was ended because it could not serve';
  if (exit.reason === 'startup_timeout') return 'was ended because it was not ready within startup_timeout';
  if (exit.reason === 'lost') return 'ended while no server watched';
  if (exit.signal !== null) return `was ended by ${exit.signal}`;
  return exit.code === null ? 'ended' : `exited with code ${exit.code}`;
}
