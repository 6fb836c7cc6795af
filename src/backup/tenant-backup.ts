/** Backs one tenant up, unless nothing of it was written since its last backup. */
import type { Actor } from '../core/access/actor.ts';
import type { BackupResult, TenantBackups } from '../core/backup/backup-face.ts';
import type { EventData } from '../core/lifecycle/event-data.ts';
import type { Clock } from '../core/ports.ts';
import type { BackupRecord, BackupStore } from '../core/stores/backup-store.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { Logger } from '../logger.ts';
import type { Repository } from './repository.ts';

export interface BackupDeps {
  readonly tenants: TenantBackups;
  readonly store: BackupStore;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A repository that is open, with what it had when the run began. */
export interface Target {
  readonly repository: Repository;
  readonly repositoryId: string;
  /** Ids of the backups in it. */
  readonly present: readonly string[];
}

export interface BackupTask {
  readonly by: Actor;
  readonly signal: AbortSignal;
  readonly force: boolean;
}

/** @throws {TenementError} `repository_failed`, `export_failed`, `tenant_busy`, `unknown_tenant`, the signal's reason */
export async function backUp(
  tenantId: string,
  task: BackupTask,
  target: Target,
  deps: BackupDeps,
): Promise<BackupResult> {
  const known = deps.store.get(tenantId);
  if (!task.force && known !== null && isUnchanged(known, target, deps)) return unchanged(known, deps);
  const { repository, repositoryId } = target;
  const { tenants, clock, store } = deps;
  const { by, signal } = task;
  const atMs = clock.nowMs();
  const { saved, mark, notes } = await repository.patiently(signal, async () => {
    // Taken before the first byte is read, and again at the end: only what rested throughout is known.
    const before = tenants.markOf(tenantId);
    return tenants.backup(tenantId, { by, signal }, async ({ bytes, report }) => {
      const complete = async () => void (await report);
      const saved = await repository.save(tenantId, { stream: bytes, complete, signal });
      const after = tenants.markOf(tenantId);
      return { saved, mark: before === after ? after : null, notes: (await report).notes };
    });
  });
  const record: BackupRecord = { tenantId, repositoryId, snapshotId: saved.id, atMs, seenAtMs: atMs, mark };
  store.save(record);
  const { id, bytes, addedBytes } = saved;
  tell(
    'backed-up',
    tenantId,
    `backed up as ${id.slice(0, 8)}`,
    { id, bytes, addedBytes, leftOut: notes.length },
    by,
    deps,
  );
  return { tenant: tenantId, outcome: 'saved', id, at: new Date(atMs).toISOString(), bytes, addedBytes, notes };
}

/** Notes a failure. */
export function failed(tenantId: string, error: unknown, by: Actor, deps: BackupDeps): BackupResult {
  const reason = error instanceof Error ? error.message : String(error);
  const atMs = deps.clock.nowMs();
  if (deps.tenants.has(tenantId)) deps.store.saveFailure({ tenantId, atMs, reason });
  deps.logger.error({ tenant: tenantId, reason }, 'a tenant is not backed up');
  tell('backup-failed', tenantId, reason, {}, by, deps);
  return { tenant: tenantId, outcome: 'failed', id: null, at: null, bytes: null, addedBytes: null, notes: [reason] };
}

type BackupEventType = 'backed-up' | 'backup-failed' | 'restored' | 'restore-failed';

export function tell<Type extends BackupEventType>(
  type: Type,
  tenant: string | null,
  message: string,
  data: EventData[Type],
  by: Actor,
  { events, clock }: Pick<BackupDeps, 'events' | 'clock'>,
): void {
  events.append({ atMs: clock.nowMs(), type, instance: null, tenant, message, data, by });
}

function isUnchanged(known: BackupRecord, { repositoryId, present }: Target, { tenants }: BackupDeps): boolean {
  if (known.mark === null || known.repositoryId !== repositoryId) return false;
  if (!present.some((id) => id.startsWith(known.snapshotId))) return false;
  return tenants.markOf(known.tenantId) === known.mark;
}

function unchanged(known: BackupRecord, { store, clock }: BackupDeps): BackupResult {
  const { tenantId: tenant, snapshotId: id, atMs } = known;
  store.save({ ...known, seenAtMs: clock.nowMs() });
  return {
    tenant,
    outcome: 'unchanged',
    id,
    at: new Date(atMs).toISOString(),
    bytes: null,
    addedBytes: null,
    notes: [],
  };
}
