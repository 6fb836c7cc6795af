/** What the state machine goes by, beside the state and the event. Pure. */

import type { ServiceConfig, Settings } from '../service/service.ts';
import type { BackoffPolicy } from './backoff.ts';

export interface LifecyclePolicy {
  readonly restart: 'on-failure' | 'always' | 'never';
  /** What becomes of it when it is idle. */
  readonly idleAction: 'stop' | 'suspend';
  readonly backoff: BackoffPolicy;
}

export function lifecyclePolicy(
  { restart, idleAction }: Pick<ServiceConfig, 'restart' | 'idleAction'>,
  { backoffBaseMs, backoffMaxMs, maxRestarts, restartWindowMs }: Settings,
): LifecyclePolicy {
  return {
    restart,
    idleAction,
    backoff: { baseMs: backoffBaseMs, maxMs: backoffMaxMs, maxRestarts, windowMs: restartWindowMs },
  };
}

export interface Now {
  readonly nowMs: number;
  /** 0 to 1, for jitter. */
  readonly random: number;
  /** The crash does not count: a request that had crashed a process before was sent again. */
  readonly isCrashExcused?: boolean;
}
