/** Storage of instances, which the registry implements. */
import type { InstanceRecord } from '../lifecycle/instance.ts';

export interface Registry {
  list(): InstanceRecord[];
  /** Inserts or replaces all of them or none. @throws {TenementError} `state_failed` when they cannot be written */
  saveAll(records: readonly InstanceRecord[]): void;
  /**
   * Inserts or replaces a record.
   * @param durable whether it is on disk when this returns; otherwise it survives a crash of tenement, not of the machine
   * @throws {TenementError} `state_failed` when it cannot be written
   */
  save(record: InstanceRecord, durable: boolean): void;
  /**
   * Calls `attempt`, which writes in one synchronous step. While another process holds the registry's lock, calls it
   * again, for some seconds.
   * @throws what `attempt` throws; `isLockedOut` tells a lock from other failures
   */
  whenWritable<Value>(attempt: () => Value): Promise<Value>;
}
