/** Storage of what is known of backups, which the registry implements. */

/** The last backup of a tenant. */
export interface BackupRecord {
  readonly tenantId: string;
  /** Id of the repository that has it. */
  readonly repositoryId: string;
  /** Its id there, or the beginning of it. */
  readonly snapshotId: string;
  /** When it was made, ms since the epoch. */
  readonly atMs: number;
  /** When the tenant was last seen to be as it is in the backup. */
  readonly seenAtMs: number;
  /** What the tenant's mark was when it was read (`TenantBackups.markOf`); null: it may have changed meanwhile. */
  readonly mark: string | null;
}

export interface BackupFailure {
  readonly tenantId: string;
  /** Ms since the epoch. */
  readonly atMs: number;
  /** One sentence. */
  readonly reason: string;
}

export interface RepositoryRecord {
  /** As it may be shown. */
  readonly location: string;
  readonly id: string;
}

export interface BackupStore {
  /** @throws {TenementError} `state_failed` */
  list(): BackupRecord[];
  get(tenantId: string): BackupRecord | null;
  /** The tenants whose last attempt failed. */
  failures(): BackupFailure[];
  /** Also ends the failure. @throws {TenementError} `state_failed` */
  save(record: BackupRecord): void;
  saveFailure(failure: BackupFailure): void;
  repository(location: string): RepositoryRecord | null;
  saveRepository(record: RepositoryRecord): void;
  /** When tenants were last backed up by the schedule, or the schedule began, ms since the epoch; null: never. */
  lastRunAtMs(): number | null;
  saveLastRun(atMs: number): void;
}
