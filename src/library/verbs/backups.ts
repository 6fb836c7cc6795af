/** Backups of tenants as a host program makes them. */
import { LIBRARY } from '../../core/access/actor.ts';
import type { BackupFace, BackupProgress, BackupRun, BackupView, Restored } from '../../core/backup/backup-face.ts';
import { assertOptions } from '../../core/input/library/copy-input.ts';
import { parseSince } from '../../core/input/since.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import type { Call } from '../calls.ts';
import { signalOf } from './archives.ts';

/** Which tenants are backed up, and how. */
export interface BackUpOptions {
  /** Which tenants. Default: all. */
  readonly tenants?: readonly string[] | undefined;
  /** Whether to read those, too, that have not changed. Default: false. */
  readonly force?: boolean | undefined;
  /** Called before each tenant, and at the end. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
  /** Ends it when it aborts. Default: it runs to its end. */
  readonly signal?: AbortSignal | undefined;
}

/** Which backup is restored, and to what. */
export interface RestoreTenantOptions {
  /** The tenant that is made of it. Default: the tenant itself. */
  readonly id?: string | undefined;
  /** Whose backups. Default: this server's, or those of the only other one that has some. */
  readonly server?: string | undefined;
  /** Whether a new tenant is started. Default: true. */
  readonly start?: boolean | undefined;
  /** The newest backup that is not younger: ISO 8601, or a duration back from now such as `3h`. Default: the newest. */
  readonly at?: string | undefined;
  /** Ends it when it aborts. Default: it runs to its end. */
  readonly signal?: AbortSignal | undefined;
}

/** Backups in the repository of `[backup]`. Without it, all verbs but `discard` reject with `backups_off`. */
export interface Backups {
  /** Whether the config has `[backup]`. */
  readonly isOn: boolean;
  /**
   * Backs tenants up, one at a time.
   * @throws {TenementError} `backups_off`, `repository_failed`; `unknown_tenant`, `export_failed`, `tenant_busy` for a
   * single tenant
   */
  run(options?: BackUpOptions): Promise<BackupRun>;
  /** Lists backups, oldest first, of one tenant or of all. @throws {TenementError} `backups_off`, `repository_failed` */
  list(tenantId?: string): Promise<BackupView[]>;
  /**
   * Puts a tenant's directory back as it was, or makes a tenant of a backup.
   * @throws {TenementError} `backups_off`, `unknown_backup`, `repository_failed`, `already_exists`, `hold_timeout`,
   * `tenant_busy`, `import_failed`
   */
  restore(tenantId: string, options?: RestoreTenantOptions): Promise<Restored>;
  /** Deletes the former directory, which a restore has kept. @throws {TenementError} `unknown_backup` */
  discard(tenantId: string): Promise<void>;
}

/** @param nowMs ms since the epoch */
export function libraryBackups(backups: BackupFace, nowMs: () => number, call: Call): Backups {
  const verbs = backups.by(LIBRARY);
  return {
    get isOn() {
      return backups.isOn;
    },
    run: (options = {}) =>
      call(() => {
        assertOptions(options, { flags: ['force'], lists: ['tenants'], functions: ['onProgress'] });
        for (const tenantId of options.tenants ?? []) assertTenantId(tenantId);
        const { onProgress = () => {}, ...rest } = options;
        return verbs.run({ ...rest, onProgress, signal: signalOf(options) });
      }),
    list: (tenantId) =>
      call(() => {
        if (tenantId !== undefined) assertTenantId(tenantId);
        return backups.list(tenantId);
      }),
    restore: (tenantId, options = {}) =>
      call(() => {
        assertTenantId(tenantId);
        assertOptions(options, { flags: ['start'], texts: ['at', 'id', 'server'] });
        const { at, ...rest } = options;
        const atMs = at === undefined ? undefined : parseSince(at, nowMs());
        return verbs.restore(tenantId, { ...rest, atMs, signal: signalOf(options) });
      }),
    discard: (tenantId) => call(() => verbs.discard(tenantId)),
  };
}
