/** Inputs of the state machine beside state and event. Pure. */

import type { ServiceConfig, Settings } from '../service/service.ts';
import type { BackoffPolicy } from './backoff.ts';

export interface LifecyclePolicy {
  readonly restart: 'on-failure' | 'always' | 'never';
  /** What happens when it is idle. */
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

export interface StepContext {
  readonly nowMs: number;
  /** Random number from 0 to 1, for jitter. */
  readonly random: number;
  /** The crash does not count, because a request caused it that had crashed an earlier process and was sent again. */
  readonly isCrashExcused?: boolean;
}
