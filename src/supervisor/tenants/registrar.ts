/** Registers instances and unregisters them: in the registry first, then in the table of instances. */

import { type InstanceName, instanceName, newRecord, type TenantsOwn } from '../../core/lifecycle/instance.ts';
import type { Clock, TenantDirectories } from '../../core/ports.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { Registry } from '../../core/stores/registry.ts';
import type { TenantStore } from '../../core/stores/tenant-store.ts';
import { assertTenantId, newTenant } from '../../core/tenants/tenant.ts';
import type { Runner } from '../instance/runner.ts';
import type { InstanceTable } from '../instance-table.ts';
import { unwritten } from '../unwritten.ts';

export interface RegistrarDeps {
  readonly clock: Clock;
  readonly registry: Pick<Registry, 'whenWritable'>;
  readonly tenants: TenantStore;
  readonly events: EventLog;
  readonly tenantDirectories: TenantDirectories;
  readonly instanceTable: InstanceTable;
  /** @throws {TenementError} `unknown_service` */
  assertService(name: string): void;
  /** @throws {TenementError} `mixed_users` */
  assertSameUser(service: string, tenantId: string): void;
  /** Deletes what the instance printed. */
  removeLogs(instance: InstanceName): Promise<void>;
}

export class Registrar {
  private readonly deps: RegistrarDeps;
  /** By tenant: settles when what is being deleted of it is gone. */
  private readonly deletions = new Map<string, Promise<void>>();

  constructor(deps: RegistrarDeps) {
    this.deps = deps;
  }

  /** Set while something of the tenant is being deleted; nothing of it may be registered until it settles. */
  deletionOf(tenantId: string): Promise<void> | undefined {
    return this.deletions.get(tenantId);
  }

  /** @throws {TenementError} `unknown_service`, `bad_id`, `mixed_users`, `socket_conflict`, `state_failed` */
  register(service: string, tenantId: string, own: TenantsOwn): Runner {
    const { clock, tenants, events, instanceTable } = this.deps;
    this.deps.assertService(service);
    assertTenantId(tenantId);
    this.deps.assertSameUser(service, tenantId);
    const instance = instanceName(service, tenantId);
    const record = newRecord(service, tenantId, own, clock.nowMs());
    instanceTable.assertOwnSocket(record);
    try {
      const tenant = tenants.get(tenantId) ?? newTenant(tenantId, clock.nowMs());
      tenants.commit({ tenantId, record: tenant, addInstance: record });
    } catch (error) {
      throw unwritten(`${instance} is not registered`, error);
    }
    instanceTable.add(record);
    instanceTable.addActivationSocket(record);
    events.append({ atMs: clock.nowMs(), type: 'spawned', instance, message: 'registered', data: {} });
    return instanceTable.find(instance);
  }

  /** One whose process has ended. `purge`: also its logs, and its directory if it is no other service's. */
  async unregister(runner: Runner, purge: boolean): Promise<void> {
    const { clock, events, instanceTable } = this.deps;
    if (!(await this.strikeOut(runner))) return;
    const purged = purge && !instanceTable.hasOtherOf(runner.tenantId);
    if (purge) await this.reserved(runner.tenantId, () => this.delete(runner, purged));
    const message = purged ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
    events.append({ atMs: clock.nowMs(), type: 'removed', instance: runner.name, message, data: { purged } });
  }

  /** Returns false when somebody else did it meanwhile. */
  private async strikeOut(runner: Runner): Promise<boolean> {
    const { registry, tenants, instanceTable } = this.deps;
    const attempt = () => {
      if (instanceTable.get(runner.name) !== runner) return false;
      tenants.commit({ tenantId: runner.tenantId, removeInstance: runner.service.name });
      instanceTable.forget(runner);
      return true;
    };
    try {
      return await registry.whenWritable(attempt);
    } catch (error) {
      throw unwritten(`${runner.name} has ended, but is still registered`, error);
    }
  }

  private async delete(runner: Runner, itsDirectory: boolean): Promise<void> {
    await this.deps.removeLogs(runner.name);
    if (!itsDirectory) return;
    await this.deps.tenantDirectories.delete(runner.tenantId);
    await this.deps.registry.whenWritable(() => this.deps.tenants.commit({ tenantId: runner.tenantId, record: null }));
  }

  private async reserved(tenantId: string, deletion: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const others = this.deletions.get(tenantId);
    const all = Promise.all([others, promise]).then(() => {
      if (this.deletions.get(tenantId) === all) this.deletions.delete(tenantId);
    });
    this.deletions.set(tenantId, all);
    return deletion().finally(resolve);
  }
}
