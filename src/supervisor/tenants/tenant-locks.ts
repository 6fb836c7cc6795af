/**
 * Serialises operations on each tenant, in the order of the calls. Registration and deletion take the lock. Requests,
 * wakes and sleeps do not, because they are serial for each instance already.
 */
export class TenantLocks {
  /** Tenant → settles when the last requested operation is over. */
  private readonly last = new Map<string, Promise<void>>();

  /**
   * Runs `operation` when all earlier operations on this tenant are over, in the same step if there are none. An
   * operation must not take the lock of its own tenant, because it would wait for itself.
   * @returns what `operation` returns
   * @throws what `operation` throws; the next operation runs all the same
   */
  async withTenant<Value>(tenantId: string, operation: () => Promise<Value>): Promise<Value> {
    const before = this.last.get(tenantId);
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.last.set(tenantId, over);
    try {
      if (before !== undefined) await before;
      return await operation();
    } finally {
      if (this.last.get(tenantId) === over) this.last.delete(tenantId);
      resolve();
    }
  }

  /** Whether an operation on this tenant is under way. */
  isBusy(tenantId: string): boolean {
    return this.last.has(tenantId);
  }

  /** Settles when no operation is under way. */
  async settled(): Promise<void> {
    while (this.last.size > 0) await Promise.all(this.last.values());
  }
}
