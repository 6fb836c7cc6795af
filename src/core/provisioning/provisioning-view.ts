/** What of a tenant's hooks is incomplete, as the API and people see it. Pure. */
import { type HookKey, hookName } from './hook.ts';
import type { HookFailure } from './hook-record.ts';

/** Times are ISO 8601. Hooks are named as `api/db`. */
export interface ProvisioningView {
  /** `create`: it is being set up. `destroy`: it is being purged. */
  readonly action: 'create' | 'destroy';
  /** The hooks that have not succeeded yet, in the order in which they run. */
  readonly waiting: readonly string[];
  /** The hook that runs now. */
  readonly running: string | null;
  /** The hook that failed, and that the others wait for; null: none has. */
  readonly failed: FailedHookView | null;
}

/** A hook that failed. Times are ISO 8601. */
export interface FailedHookView {
  readonly hook: string;
  /** One sentence. */
  readonly reason: string;
  /** When it failed first, and last. */
  readonly since: string;
  readonly at: string;
  /** How many times it has failed in a row. */
  readonly failures: number;
  /** null: at once, or not by itself. */
  readonly nextTryAt: string | null;
  /** The last lines that it printed on standard error. */
  readonly lastLines: readonly string[];
}

/** What is under way on a tenant's hooks. */
export interface HookWork {
  readonly action: 'create' | 'destroy';
  readonly waiting: readonly HookKey[];
  readonly running: HookKey | null;
  readonly failed: { readonly key: HookKey; readonly failure: HookFailure } | null;
}

export function provisioningView({ action, waiting, running, failed }: HookWork): ProvisioningView {
  return {
    action,
    waiting: waiting.map(hookName),
    running: running === null ? null : hookName(running),
    failed: failed === null ? null : failedView(failed.key, failed.failure),
  };
}

function failedView(key: HookKey, { reason, sinceMs, atMs, count, nextTryAtMs, lines }: HookFailure): FailedHookView {
  return {
    hook: hookName(key),
    reason,
    since: new Date(sinceMs).toISOString(),
    at: new Date(atMs).toISOString(),
    failures: count,
    nextTryAt: nextTryAtMs === null ? null : new Date(nextTryAtMs).toISOString(),
    lastLines: lines,
  };
}

/** Stands for the copy of `[tenants] template` in place of a hook's name. */
export const TEMPLATE = 'template';

/** Returns a view of a tenant whose directory cannot be made. @param waiting its hooks, which wait */
export function templateFailureView(failure: HookFailure, waiting: readonly HookKey[]): ProvisioningView {
  const failed = { ...failedView({ service: '', hook: '' }, failure), hook: TEMPLATE };
  return { action: 'create', waiting: [TEMPLATE, ...waiting.map(hookName)], running: null, failed };
}

/** Returns one sentence about a failed hook, with its last line. */
export function failedSentence({ hook, reason, lastLines }: FailedHookView, action: HookWork['action']): string {
  if (hook === TEMPLATE) return `the template of its directory cannot be copied: ${reason}`;
  const last = lastLines.at(-1);
  return `${action} of the hook ${hook} failed: ${reason}${last === undefined ? '' : `: ${last}`}`;
}
