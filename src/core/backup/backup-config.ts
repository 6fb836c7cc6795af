/** `[backup]`: where backups of tenants go, and when. Pure. */

/** How many backups of a tenant are kept, by the time that each of them stands for. */
export interface KeepPolicy {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

export interface BackupSchedule {
  /** Five fields of cron(5), or six with seconds. */
  readonly cron: string;
  /** Name of a time zone (IANA); null: that of the machine. */
  readonly timezone: string | null;
}

export interface BackupConfig {
  /** As restic takes it. A path is absolute. It may contain a password. */
  readonly repository: string;
  /** Absolute path of the file with the password of the repository. */
  readonly passwordFile: string;
  /** What tells this server's backups apart from those of others in the same repository. */
  readonly name: string;
  /** null: only when somebody asks for one. */
  readonly schedule: BackupSchedule | null;
  /** null: all. */
  readonly keep: KeepPolicy | null;
  /** Variables of the server that restic gets. */
  readonly inheritEnv: readonly string[];
}

/** `s3:…`, `sftp:…`; Windows has no part in this. */
const BACKEND = /^[a-z0-9]+:/;
/** A user's name and password in a URL. */
const CREDENTIALS = /\/\/[^/@]*@/;

/** Whether it is a directory of this machine. */
export function isLocalRepository(repository: string): boolean {
  return !BACKEND.test(repository);
}

/** Returns the repository as it may be shown. */
export function shownRepository(repository: string): string {
  return repository.replace(CREDENTIALS, '//');
}
