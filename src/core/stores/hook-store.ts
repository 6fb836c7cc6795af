/** Storage of the hooks of tenants, which the registry implements. Their states change with `TenantStore.commit`. */
import type { HookConfig, HookKey } from '../provisioning/hook.ts';
import type { HookRecord } from '../provisioning/hook-record.ts';

/** A hook of a tenant. */
export interface TenantHook {
  readonly tenantId: string;
  readonly record: HookRecord;
}

/** A hook as the config has it, or last had it: what destroys what it has made. */
export interface KnownHook extends HookKey {
  readonly config: HookConfig;
  readonly workdir: string;
}

export interface HookStore {
  /** Lists the hooks of a tenant in the order of `create`. @throws {TenementError} `state_failed` */
  list(tenantId: string): HookRecord[];
  /** Lists the hooks of registered instances whose `create` has not succeeded. @throws {TenementError} `state_failed` */
  unfinished(): TenantHook[];
  /** Returns the hook as the config last had it; null: it never had it. @throws {TenementError} `state_failed` */
  known(key: HookKey): KnownHook | null;
  /**
   * Remembers the hooks of the config, and gives those that are new to the instances that are registered already. Such
   * a hook holds nothing.
   * @throws {TenementError} `state_failed`
   */
  enroll(hooks: readonly KnownHook[], nowMs: number): void;
  /** Returns when a hook last measured, ms since the epoch; null: never. @throws {TenementError} `state_failed` */
  measuredAtMs(tenantId: string, key: HookKey): number | null;
  /** Writes what a hook has measured in an hour. @throws {TenementError} `state_failed` */
  measured(measurement: HookMeasurement): void;
}

export interface HookMeasurement extends HookKey {
  readonly tenantId: string;
  readonly atMs: number;
  readonly values: ReadonlyMap<string, number>;
}
