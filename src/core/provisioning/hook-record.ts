/** What the registry knows of one hook of one tenant. Pure. */
import type { HookAction, HookKey } from './hook.ts';

/** How far `create` is. `begun`: it may have made something, so `destroy` has something to do. */
export type HookState = 'pending' | 'begun' | 'done';

/** What may not run before `create` has succeeded: any instance of the tenant, the one of its service, or none. */
export type HookHold = 'tenant' | 'instance' | 'nothing';

/** The last run that failed. */
export interface HookFailure {
  readonly action: HookAction;
  /** When the first of the runs failed that have failed since the last success, ms since the epoch. */
  readonly sinceMs: number;
  readonly atMs: number;
  /** How many have failed since the last success. */
  readonly count: number;
  /** When it is repeated, ms since the epoch; null: it is not. */
  readonly nextTryAtMs: number | null;
  /** One sentence for a person. */
  readonly reason: string;
  /** The last lines that it printed for people, oldest first, harmless and without values of secrets. */
  readonly lines: readonly string[];
}

export interface HookRecord extends HookKey {
  readonly state: HookState;
  readonly holds: HookHold;
  /** When the tenant got it, ms since the epoch, and its place among those that it got then: the order of `create`. */
  readonly sinceMs: number;
  readonly position: number;
  readonly failure: HookFailure | null;
}

/** Returns records in the order in which their `create` runs. */
export function inOrder(records: readonly HookRecord[]): HookRecord[] {
  return records.toSorted((a, b) => a.sinceMs - b.sinceMs || a.position - b.position);
}

/** Delay before the run that follows the `failures`-th failure in a row: 2 s, 4 s… up to 10 minutes. */
export const HOOK_BACKOFF = { baseMs: 2000, maxMs: 600_000, maxRestarts: 0, windowMs: 0 } as const;
