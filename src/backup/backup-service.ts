/** Backups of all tenants in one repository. */
import type { Actor } from '../core/access/actor.ts';
import { SYSTEM } from '../core/access/actor.ts';
import { type BackupConfig, shownRepository } from '../core/backup/backup-config.ts';
import type {
  BackupResult,
  BackupRun,
  BackupVerbs,
  BackupView,
  Restored,
  RestoreOptions,
  RunOptions,
} from '../core/backup/backup-face.ts';
import { unknownTenant } from '../core/tenants/tenant.ts';
import { TenementError } from '../errors.ts';
import { type OpenedRepository, Repository, type Snapshot } from './repository.ts';
import { RepositoryMissing } from './restic-failure.ts';
import { restoreFrom, viewOf } from './restore.ts';
import { ScheduleWatch } from './schedule-watch.ts';
import { type BackupDeps, backUp, failed, type Target, tell } from './tenant-backup.ts';
import { Turns } from './turns.ts';

export interface BackupServiceOptions extends BackupDeps {
  /** Where restic keeps what it has read of the repository. */
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
}

export class BackupService {
  private readonly deps: BackupServiceOptions;
  private readonly config: BackupConfig;
  private readonly repository: Repository;
  /** One tenant is read at a time, whoever asks. */
  private readonly turns = new Turns();
  private readonly end = new AbortController();
  private readonly watch: ScheduleWatch | null;

  constructor(config: BackupConfig, deps: BackupServiceOptions) {
    this.deps = deps;
    this.config = config;
    const { cacheDir, env } = deps;
    this.repository = new Repository({ config, cacheDir, env });
    const { schedule, name: server } = config;
    const run = async () => void (await this.runScheduled());
    this.watch = schedule === null ? null : new ScheduleWatch({ ...deps, server, schedule, run });
  }

  begin(): void {
    this.watch?.begin();
  }

  /** Ends what is under way; nothing of it is kept. */
  async close(): Promise<void> {
    this.watch?.end();
    this.end.abort(new TenementError('shutting_down', 'the server is stopping, or has another [backup]'));
    await this.turns.take(async () => {});
  }

  by(actor: Actor): BackupVerbs {
    return {
      run: (options) => this.run(options, actor),
      restore: (tenantId, options) => this.restore(tenantId, options, actor),
      discard: (tenantId) => this.deps.tenants.discard(tenantId, actor),
    };
  }

  /** @throws {TenementError} `repository_failed` */
  async list(tenantId?: string): Promise<BackupView[]> {
    const { signal } = this.end;
    if ((await this.open(signal, false)) === null) return [];
    return (await this.repository.list(signal, tenantId)).map(viewOf);
  }

  private async runScheduled(): Promise<void> {
    const { logger } = this.deps;
    const startedAtMs = this.deps.clock.nowMs();
    try {
      const { results, problem } = await this.run({ signal: this.end.signal }, SYSTEM);
      const count = (outcome: BackupResult['outcome']) => results.filter((one) => one.outcome === outcome).length;
      const counts = { saved: count('saved'), unchanged: count('unchanged'), failed: count('failed') };
      const durationMs = this.deps.clock.nowMs() - startedAtMs;
      logger.info({ ...counts, durationMs, ...(problem !== null && { problem }) }, 'the scheduled backup is over');
    } catch (error) {
      if (!(error instanceof TenementError)) throw error;
      logger.error({ reason: error.message, hint: error.hint }, 'the scheduled backup has failed');
    }
  }

  private async run({ tenants: asked, force = false, signal, onProgress }: RunOptions, by: Actor): Promise<BackupRun> {
    const { tenants } = this.deps;
    const unknown = asked?.find((tenantId) => !tenants.has(tenantId));
    if (unknown !== undefined) throw unknownTenant(unknown);
    const either = AbortSignal.any([signal, this.end.signal]);
    const task = { by, signal: either, force };
    const ids = asked ?? this.inOrder();
    const { target, isNew } = await this.target(task.signal, by);
    const results: BackupResult[] = [];
    let problem: string | null = null;
    for (const tenantId of ids) {
      onProgress?.({ tenant: tenantId, finished: results.length, total: ids.length });
      try {
        results.push(await this.turns.take(() => backUp(tenantId, task, target, this.deps)));
      } catch (error) {
        either.throwIfAborted();
        if (error instanceof TenementError && error.code === 'shutting_down') throw error;
        // It was unregistered meanwhile.
        if (asked === undefined && !tenants.has(tenantId)) continue;
        results.push(failed(tenantId, error, by, this.deps));
        if (ids.length === 1) throw error;
        // The next tenant would find the repository as this one did.
        if (error instanceof TenementError && error.code === 'repository_failed') problem = error.message;
      }
      if (problem !== null) break;
    }
    if (asked === undefined && problem === null) problem = await this.forget(either, by);
    return { repository: shownRepository(this.config.repository), isNew, results, problem };
  }

  /** Those first whose last backup is oldest, so that a run which never comes to its end passes nobody by. */
  private inOrder(): string[] {
    const seen = new Map(this.deps.store.list().map(({ tenantId, seenAtMs }) => [tenantId, seenAtMs]));
    return this.deps.tenants.ids().sort((a, b) => (seen.get(a) ?? 0) - (seen.get(b) ?? 0));
  }

  /** Deletes old backups. Returns what went wrong, or null. */
  private async forget(signal: AbortSignal, by: Actor): Promise<string | null> {
    const { keep } = this.config;
    if (keep === null) return null;
    try {
      await this.repository.patiently(signal, () => this.repository.forget(keep, signal));
      return null;
    } catch (error) {
      if (!(error instanceof TenementError) || signal.aborted) throw error;
      const message = `old backups are not deleted: ${error.message}`;
      this.deps.logger.error({ reason: error.message, hint: error.hint }, 'old backups are not deleted');
      tell('backup-failed', null, message, {}, by, this.deps);
      return message;
    }
  }

  /** Opens the repository, and says in the event log when that fails. */
  private async target(signal: AbortSignal, by: Actor): Promise<{ target: Target; isNew: boolean }> {
    try {
      const { id, isNew } = await this.opened(signal);
      const present = isNew ? [] : (await this.repository.list(signal)).map((snapshot) => snapshot.id);
      return { target: { repository: this.repository, repositoryId: id, present }, isNew };
    } catch (error) {
      if (error instanceof TenementError && error.code === 'repository_failed')
        tell('backup-failed', null, error.message, {}, by, this.deps);
      throw error;
    }
  }

  /** Makes the repository if it was never there. @throws {TenementError} `repository_failed` */
  private async opened(signal: AbortSignal): Promise<OpenedRepository> {
    const opened = await this.open(signal, true);
    if (opened === null) throw new RepositoryMissing(shownRepository(this.config.repository));
    return opened;
  }

  /**
   * Returns null when there is no repository yet.
   * @param makes whether it is made then
   * @throws {TenementError} `repository_failed`, also when it was there before
   */
  private async open(signal: AbortSignal, makes: boolean): Promise<OpenedRepository | null> {
    const { store, logger } = this.deps;
    const location = shownRepository(this.config.repository);
    const known = store.repository(location);
    const asked = { isKnown: known !== null, makes };
    const opened = await this.repository.patiently(signal, () => this.repository.open(asked, signal));
    if (opened === null) return null;
    if (opened.isNew) logger.info({ repository: location }, 'the repository of backups is made');
    if (known?.id !== opened.id) store.saveRepository({ location, id: opened.id });
    return opened;
  }

  private async restore(tenantId: string, options: RestoreOptions, by: Actor): Promise<Restored> {
    const signal = AbortSignal.any([options.signal, this.end.signal]);
    const isThere = (await this.open(signal, false)) !== null;
    const snapshots: readonly Snapshot[] = isThere ? await this.repository.list(signal, tenantId) : [];
    const asked = { ...options, signal, by, server: options.server ?? null, own: this.config.name };
    return restoreFrom(tenantId, snapshots, asked, { ...this.deps, repository: this.repository });
  }
}
