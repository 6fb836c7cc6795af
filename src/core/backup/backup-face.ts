/** Backups as the API sees them. */
import type { Actor } from '../access/actor.ts';
import type { CopyTotals } from '../archive/copies.ts';
import type { NewFromCopy } from '../verbs/tenant-verbs.ts';

/** A backup of a tenant, in JSON. Times are ISO 8601. */
export interface BackupView {
  readonly tenant: string;
  /** As restic takes it. */
  readonly id: string;
  readonly at: string;
  /** Name of the server that made it. */
  readonly server: string;
}

/** What became of one tenant. */
export interface BackupResult {
  readonly tenant: string;
  /** `unchanged`: nothing was written since its last backup, so it was not read. */
  readonly outcome: 'saved' | 'unchanged' | 'failed';
  /** Of the backup that the tenant has now; null: it failed. */
  readonly id: string | null;
  /** When that one was made; null: it failed. */
  readonly at: string | null;
  /** Bytes of its directory, and those that the repository did not have yet; null unless it was saved. */
  readonly bytes: number | null;
  readonly addedBytes: number | null;
  /** Why it failed, or what the backup lacks, a sentence each. */
  readonly notes: readonly string[];
}

/** What became of a run over several tenants. */
export interface BackupRun {
  readonly repository: string;
  /** Whether the repository was made for it. */
  readonly isNew: boolean;
  readonly results: readonly BackupResult[];
  /** What kept the run from its end, or from deleting old backups; null: nothing. */
  readonly problem: string | null;
}

/** How far a run has come. */
export interface BackupProgress {
  readonly tenant: string | null;
  readonly finished: number;
  readonly total: number;
}

export interface RunOptions {
  /** Which tenants. Default: all. */
  readonly tenants?: readonly string[] | undefined;
  /** Whether to read those, too, that have not changed. */
  readonly force?: boolean | undefined;
  readonly signal: AbortSignal;
  onProgress?(progress: BackupProgress): void;
}

export interface RestoreOptions {
  /** The newest backup that is not younger, ms since the epoch. Default: the newest. */
  readonly atMs?: number | undefined;
  /** The tenant that is made of it. Default: the tenant itself. */
  readonly id?: string | undefined;
  /** Whose backups. Default: this server's, or those of the only other one that has some. */
  readonly server?: string | undefined;
  /** Whether a new tenant is started. Default: true. */
  readonly start?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What was restored. */
export interface Restored {
  readonly from: BackupView;
  readonly files: number;
  readonly bytes: number;
  /** Where the former directory of the tenant is; null: the tenant is new. */
  readonly keptAs: string | null;
  readonly notes: readonly string[];
}

/** The verbs of one actor. */
export interface BackupVerbs {
  /**
   * Backs tenants up, one at a time.
   * @throws {TenementError} `backups_off`, `repository_failed`; `unknown_tenant`, `export_failed`, `tenant_busy` for a
   * single tenant
   */
  run(options: RunOptions): Promise<BackupRun>;
  /**
   * Puts a tenant's directory back as it was, or makes a tenant of a backup.
   * @throws {TenementError} `backups_off`, `unknown_backup`, `repository_failed`, `already_exists`, `hold_timeout`,
   * `tenant_busy`, `import_failed`
   */
  restore(tenantId: string, options: RestoreOptions): Promise<Restored>;
  /** Deletes what a restore has kept. @throws {TenementError} `unknown_backup` */
  discard(tenantId: string): Promise<void>;
}

/** When a tenant was last backed up. */
export interface BackupState {
  readonly tenant: string;
  /** When it was last seen to be as its backup is, ms since the epoch; null: never. */
  readonly succeededAtMs: number | null;
  /** Whether the last attempt failed. */
  readonly isFailing: boolean;
}

export interface BackupFace {
  by(actor: Actor): BackupVerbs;
  /** Lists backups, oldest first. @throws {TenementError} `backups_off`, `repository_failed` */
  list(tenantId?: string): Promise<BackupView[]>;
  /** Whether the config has `[backup]`. */
  readonly isOn: boolean;
  /** The registered tenants, those first whose last backup is oldest. Empty without `[backup]`. */
  states(): BackupState[];
}

/** The stream of a backup: a tar archive with its manifest first. */
export interface BackupStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Settles when all bytes are read. @throws {TenementError} `export_failed` */
  readonly report: Promise<CopyTotals & { readonly notes: readonly string[] }>;
}

export interface PutBack extends CopyTotals {
  /** Where the former directory is. */
  readonly keptAs: string;
  readonly notes: readonly string[];
}

interface Asked {
  readonly by: Actor;
  readonly signal: AbortSignal;
}

/** Tenants as backups need them, which the supervisor implements. */
export interface TenantBackups {
  ids(): string[];
  has(tenantId: string): boolean;
  /**
   * Returns a text that is another one whenever something of the tenant may have been written; null: something may be
   * written now.
   */
  markOf(tenantId: string): string | null;
  /** Reads a tenant. While `deliver` runs, no other operation begins on it. */
  backup<Value>(tenantId: string, asked: Asked, deliver: (stream: BackupStream) => Promise<Value>): Promise<Value>;
  /** Puts the directory of a registered tenant back as it was. */
  putBack(tenantId: string, asked: Asked, bytes: AsyncIterable<Uint8Array>): Promise<PutBack>;
  /** Makes a tenant. */
  makeOf(
    tenantId: string,
    asked: Asked & { readonly start?: boolean | undefined },
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<NewFromCopy & CopyTotals>;
  /** Deletes what `putBack` has kept. */
  discard(tenantId: string, by: Actor): Promise<void>;
}
