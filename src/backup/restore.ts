/** Chooses a backup of a tenant, and makes its directory, or another tenant, of it. */
import type { Actor } from '../core/access/actor.ts';
import type { BackupView, Restored, RestoreOptions } from '../core/backup/backup-face.ts';
import { TenementError } from '../errors.ts';
import type { Repository, Snapshot } from './repository.ts';
import { type BackupDeps, tell } from './tenant-backup.ts';

export interface RestoreTask extends Omit<RestoreOptions, 'server'> {
  readonly by: Actor;
  /** null: this server's backups, or else those of the only other server that has some. */
  readonly server: string | null;
  /** Name of this server. */
  readonly own: string;
}

export interface RestoreDeps extends BackupDeps {
  readonly repository: Repository;
}

export function viewOf({ tenantId, id, atMs, server }: Snapshot): BackupView {
  return { tenant: tenantId, id, at: new Date(atMs).toISOString(), server };
}

/** @throws {TenementError} `unknown_backup`, `already_exists`, what restoring throws */
export async function restoreFrom(
  tenantId: string,
  snapshots: readonly Snapshot[],
  task: RestoreTask,
  deps: RestoreDeps,
): Promise<Restored> {
  const { tenants, repository, clock } = deps;
  const { by, signal, id: target = tenantId, start } = task;
  const chosen = choose(tenantId, snapshots, task);
  const stream = await repository.patiently(signal, () => repository.load(chosen, signal));
  const from = viewOf(chosen);
  const startedAtMs = clock.nowMs();
  const isOther = target !== tenantId;
  try {
    const restored =
      !isOther && tenants.has(tenantId)
        ? await tenants.putBack(tenantId, { by, signal }, stream)
        : { keptAs: null, ...(await tenants.makeOf(target, { by, signal, start }, stream)) };
    const { files, bytes, keptAs, notes } = restored;
    const data = { id: chosen.id, from: tenantId, at: from.at, server: chosen.server, files, bytes };
    const what = isOther ? `restored from a backup of ${tenantId}` : 'restored from its backup';
    tell('restored', target, `${what} of ${from.at}`, { ...data, durationMs: clock.nowMs() - startedAtMs }, by, deps);
    return { from, files, bytes, keptAs, notes };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (tenants.has(target)) tell('restore-failed', target, reason, { id: chosen.id, at: from.at }, by, deps);
    throw error;
  }
}

/** Returns the newest backup that is asked for. @throws {TenementError} `unknown_backup` */
export function choose(tenantId: string, snapshots: readonly Snapshot[], task: RestoreTask): Snapshot {
  const { atMs = Number.POSITIVE_INFINITY } = task;
  const server = serverOf(tenantId, snapshots, task);
  const ofServer = snapshots.filter((snapshot) => snapshot.server === server);
  const [oldest] = ofServer;
  const chosen = ofServer.filter((snapshot) => snapshot.atMs <= atMs).at(-1);
  if (chosen !== undefined) return chosen;
  const since = oldest === undefined ? '' : `; the first is of ${new Date(oldest.atMs).toISOString()}`;
  throw new TenementError('unknown_backup', `there is no backup of ${tenantId} of that time or before${since}`);
}

function serverOf(tenantId: string, snapshots: readonly Snapshot[], { server, own }: RestoreTask): string {
  const servers = [...new Set(snapshots.map((snapshot) => snapshot.server))];
  if (server !== null && servers.includes(server)) return server;
  if (server === null && servers.includes(own)) return own;
  const [only, ...others] = servers;
  if (server === null && only !== undefined && others.length === 0) return only;
  if (only === undefined || server !== null)
    throw new TenementError(
      'unknown_backup',
      `there is no backup of ${tenantId}${server === null ? '' : ` by ${server}`}`,
    );
  throw new TenementError(
    'unknown_backup',
    `${servers.join(' and ')} have backups of ${tenantId}, and ${own} has none`,
    {
      hint: 'Name one of them with --from.',
    },
  );
}
