/** Backups of the served config. What makes them is loaded when the config has `[backup]`. */
import { join } from 'node:path';
import type { BackupService, BackupServiceOptions } from '../backup/backup-service.ts';
import type { Actor } from '../core/access/actor.ts';
import type { BackupConfig } from '../core/backup/backup-config.ts';
import type { BackupFace, BackupState, BackupVerbs, BackupView } from '../core/backup/backup-face.ts';
import { TenementError } from '../errors.ts';
import { detached } from '../faults.ts';

export interface BackupsDeps extends Omit<BackupServiceOptions, 'cacheDir'> {
  readonly stateDir: string;
}

export class Backups implements BackupFace {
  private readonly deps: BackupsDeps;
  private config: BackupConfig | null = null;
  private service: Promise<BackupService> | null = null;

  constructor(deps: BackupsDeps) {
    this.deps = deps;
  }

  get isOn(): boolean {
    return this.config !== null;
  }

  /** Replaces the config. A run of the former one ends. */
  apply(config: BackupConfig | null): void {
    if (JSON.stringify(config) === JSON.stringify(this.config)) return;
    const former = this.service;
    this.config = config;
    this.service = config === null ? null : this.open(config, former);
    if (this.service !== null) detached(this.deps.logger, { part: 'backup' }, this.service);
  }

  by(actor: Actor): BackupVerbs {
    return {
      run: async (options) => (await this.opened()).by(actor).run(options),
      restore: async (tenantId, options) => (await this.opened()).by(actor).restore(tenantId, options),
      discard: (tenantId) => this.deps.tenants.discard(tenantId, actor),
    };
  }

  async list(tenantId?: string): Promise<BackupView[]> {
    return (await this.opened()).list(tenantId);
  }

  states(): BackupState[] {
    const { store, tenants } = this.deps;
    if (this.config === null) return [];
    const seen = new Map(store.list().map(({ tenantId, seenAtMs }) => [tenantId, seenAtMs]));
    const failing = new Set(store.failures().map(({ tenantId }) => tenantId));
    const states = tenants
      .ids()
      .map((tenant) => ({ tenant, succeededAtMs: seen.get(tenant) ?? null, isFailing: failing.has(tenant) }));
    return states.sort((a, b) => (a.succeededAtMs ?? 0) - (b.succeededAtMs ?? 0));
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    const { service } = this;
    this.config = null;
    this.service = null;
    await (await service)?.close();
  }

  /** @throws {TenementError} `backups_off` */
  private async opened(): Promise<BackupService> {
    if (this.service === null) throw new TenementError('backups_off', 'the config has no [backup]');
    return this.service;
  }

  private async open(config: BackupConfig, former: Promise<BackupService> | null): Promise<BackupService> {
    const module = await import('../backup/backup-service.ts');
    await (await former)?.close();
    const { stateDir, ...deps } = this.deps;
    const service = new module.BackupService(config, { ...deps, cacheDir: join(stateDir, 'restic') });
    if (this.config === config) service.begin();
    return service;
  }
}
