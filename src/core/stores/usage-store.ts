/** Storage of usage, which the registry implements. */
import type { InstanceName, ProcessIdentity } from '../lifecycle/instance.ts';
import type { Tally } from '../usage/tally.ts';

/** What a tenant used in one hour. */
export interface UsageRow {
  readonly tenantId: string;
  /** Hours since the epoch. */
  readonly hour: number;
  readonly tally: Readonly<Tally>;
}

/** How far the use of a process has been counted. It is written with the hours that contain it, so that nothing counts twice. */
export interface ProcessMark extends ProcessIdentity {
  readonly instance: InstanceName;
  /** Reading of the counter of its processor time, in seconds. */
  readonly cpuSeconds: number;
  /** Memory that it had, in bytes. */
  readonly memoryBytes: number;
  /** Boot of the machine, and time since then in ms. */
  readonly bootId: string;
  readonly uptimeMs: number;
}

/** A change of all that has been counted. */
export interface UsageChange {
  /** Rows with their new totals. */
  readonly rows: readonly UsageRow[];
  readonly marks: readonly ProcessMark[];
  /** Instances whose process is gone. */
  readonly ended: readonly InstanceName[];
}

/** What is asked of a tenant's hours. */
export interface HourRange {
  /** The first hour. */
  readonly from: number;
  /** The first hour after the last. */
  readonly to: number;
}

/** Reads usage piece by piece, because one query over all tenants would hold the event loop. */
export interface UsageReader {
  /** Returns the next tenant with any usage, in the order of ids; null: none. @throws {TenementError} `state_failed` */
  tenantAfter(tenantId: string): string | null;
  /** @returns the first `limit` rows of a tenant, by hour. @throws {TenementError} `state_failed` */
  hours(tenantId: string, range: HourRange, limit: number): UsageRow[];
  /** Returns the first `limit` days with any usage, as their first hours. @throws {TenementError} `state_failed` */
  days(tenantId: string, range: HourRange, limit: number): UsageRow[];
  /** Returns the sum of a range; null: nothing was used. @throws {TenementError} `state_failed` */
  whole(tenantId: string, range: HourRange): Tally | null;
  /** Whether any hook has ever measured. @throws {TenementError} `state_failed` */
  hasHookMeters(): boolean;
  /** Returns the highest values that hooks have measured in a range, by name. @throws {TenementError} `state_failed` */
  hookMeters(tenantId: string, range: HourRange): Readonly<Record<string, number>>;
}

export interface UsageStore {
  /** Returns a copy of a tenant's hour; null: nothing was used. @throws {TenementError} `state_failed` */
  read(tenantId: string, hour: number): Tally | null;
  /**
   * Returns what a tenant used in all hours from `fromHour` on, apart from `without`.
   * @throws {TenementError} `state_failed`
   */
  sum(tenantId: string, fromHour: number, without: readonly number[]): Tally;
  /** Lists the processes of an earlier server. @throws {TenementError} `state_failed` */
  marks(): ProcessMark[];
  /** Writes all of a change or nothing; may be repeated. @throws {TenementError} `state_failed` */
  write(change: UsageChange): void;
}
