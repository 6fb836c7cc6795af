/** The tenants whose hooks have something to do, in memory. Most tenants have no entry. */
import type { HookKey } from '../../core/provisioning/hook.ts';
import { HOOK_BACKOFF, type HookRecord } from '../../core/provisioning/hook-record.ts';
import type { HookWork } from '../../core/provisioning/provisioning-view.ts';
import type { Deletion } from '../../core/tenants/tenant-operation.ts';

export interface TenantWork {
  readonly action: 'create' | 'destroy';
  /** The purge that `destroy` belongs to. */
  readonly deletion: Deletion | null;
  /** What has not succeeded yet, in the order in which it runs. */
  records: readonly HookRecord[];
  running: HookKey | null;
  /** Ends the run that is under way. */
  controller: AbortController | null;
  /** When it is tried next, ms since the epoch. */
  dueAtMs: number;
}

/** @param nowMs bounds a time from before a clock was set back */
export function newWork(
  action: TenantWork['action'],
  records: readonly HookRecord[],
  nowMs: number,
  deletion: Deletion | null = null,
): TenantWork {
  const times = records.flatMap(({ failure }) => (failure?.action === action ? (failure.nextTryAtMs ?? nowMs) : []));
  const dueAtMs = Math.min(Math.max(nowMs, ...times), nowMs + HOOK_BACKOFF.maxMs);
  return { action, deletion, records, running: null, controller: null, dueAtMs };
}

export function workFace({ action, records, running }: TenantWork): HookWork {
  const failed = records.find(({ failure }) => failure?.action === action);
  return {
    action,
    waiting: records,
    running,
    failed: failed?.failure ? { key: failed, failure: failed.failure } : null,
  };
}
