/**
 * Serialises operations on each tenant, in the order of the calls. Registration and deletion take the lock. Requests,
 * wakes and sleeps do not, because they are serial for each instance already.
 */
import type { LongOperation } from '../../core/tenants/long-operation.ts';
import { TenementError } from '../../errors.ts';

export class TenantLocks {
  /** Tenant → settles when the last requested operation is over. */
  private readonly last = new Map<string, Promise<void>>();
  private readonly long = new Map<string, LongOperation>();

  /**
   * Runs `operation` when all earlier operations on this tenant are over, in the same step if there are none. An
   * operation must not take the lock of its own tenant, because it would wait for itself.
   * @param waits whether to wait for a long operation, too
   * @returns what `operation` returns
   * @throws {TenementError} `tenant_busy` during a long operation
   * @throws what `operation` throws; the next operation runs all the same
   */
  async withTenant<Value>(
    tenantId: string,
    operation: () => Promise<Value>,
    { waits = false }: { waits?: boolean } = {},
  ): Promise<Value> {
    if (!waits) this.assertIdle(tenantId);
    return this.inTurn(tenantId, operation);
  }

  /**
   * Runs a long operation on tenants when all earlier operations on them are over.
   * @throws {TenementError} `tenant_busy` during another one
   */
  async withTenants<Value>(
    tenantIds: readonly string[],
    about: LongOperation,
    operation: () => Promise<Value>,
  ): Promise<Value> {
    for (const tenantId of tenantIds) this.assertIdle(tenantId);
    for (const tenantId of tenantIds) this.long.set(tenantId, about);
    try {
      // In one order for all, so that two of them never wait for each other.
      const [first = '', second] = [...tenantIds].sort();
      const inner = second === undefined ? operation : () => this.inTurn(second, operation);
      return await this.inTurn(first, inner);
    } finally {
      for (const tenantId of tenantIds) this.long.delete(tenantId);
    }
  }

  /** Returns the long operation that runs on a tenant; null: none. */
  longOn(tenantId: string): LongOperation | null {
    return this.long.get(tenantId) ?? null;
  }

  /** @throws {TenementError} `tenant_busy` */
  assertIdle(tenantId: string): void {
    const long = this.long.get(tenantId);
    if (long === undefined) return;
    const { kind, by, startedAtMs } = long;
    const what = `${kind === 'import' || kind === 'export' ? 'an' : 'a'} ${kind}`;
    const since = new Date(startedAtMs).toISOString();
    throw new TenementError('tenant_busy', `${what} of ${tenantId} is under way, begun by ${by} at ${since}`);
  }

  private async inTurn<Value>(tenantId: string, operation: () => Promise<Value>): Promise<Value> {
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
