/** Storage of counters, which the registry implements. */

export interface CounterStore {
  /** Returns the counters of a tenant that were ever changed, by name. @throws {TenementError} `state_failed` */
  list(tenantId: string): ReadonlyMap<string, number>;
  /**
   * Replaces a counter by what `change` returns for its value. Nothing happens between. The new value survives a crash of tenement, not of the machine.
   * @throws {TenementError} `state_failed`, and what `change` throws; nothing has changed then
   */
  update(tenantId: string, name: string, change: (value: number) => number): void;
}
