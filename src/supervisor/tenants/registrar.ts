/**
 * Registers and unregisters instances, one at a time for each tenant: in the registry first, then in the table of
 * instances, then on disk.
 */

import type { Actor } from '../../core/access/actor.ts';
import { type InstanceOverrides, type InstanceRecord, instanceName, newRecord } from '../../core/lifecycle/instance.ts';
import { ownLimitsView } from '../../core/limits/limits.ts';
import type { Clock, TenantDirectories } from '../../core/ports.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import { assertTenantId, newTenant } from '../../core/tenants/tenant.ts';
import type { Deletion, Registration } from '../../core/tenants/tenant-operation.ts';
import type { Runner } from '../instance/runner.ts';
import type { InstanceTable } from '../instance-table.ts';
import { unwritten } from '../unwritten.ts';
import { completeDeletion, type DeletionDeps } from './deletion.ts';
import { beginRegistration, completeRegistration, type RegistrationDeps } from './registration.ts';
import type { TenantLocks } from './tenant-locks.ts';

export interface RegistrarDeps extends DeletionDeps, RegistrationDeps {
  readonly tenantDirectories: TenantDirectories;
  readonly clock: Clock;
  readonly locks: TenantLocks;
  readonly events: EventLog;
  readonly instanceTable: InstanceTable;
  /** @throws {TenementError} `shutting_down` */
  assertOpen(): void;
  /** @throws {TenementError} `unknown_service` */
  assertService(name: string): void;
  /** @throws {TenementError} `mixed_users` */
  assertSameUser(service: string, tenantId: string): void;
}

export interface Registered {
  readonly runner: Runner;
  /** false: it was registered before, with what it was given then. */
  readonly created: boolean;
}

export interface RegisterOptions {
  readonly by: Actor;
  /** Whether to fail at once, instead of after some seconds, while another process holds the registry's lock. */
  readonly atOnce?: boolean;
}

export class Registrar {
  private readonly deps: RegistrarDeps;

  constructor(deps: RegistrarDeps) {
    this.deps = deps;
  }

  /**
   * Registers an instance, and with its first instance the tenant, once earlier operations on the tenant are over.
   * @throws {TenementError} `bad_id`, `unknown_service`, `mixed_users`, `socket_conflict`, `shutting_down`, `state_failed`
   */
  async register(
    service: string,
    tenantId: string,
    own: InstanceOverrides,
    options: RegisterOptions,
  ): Promise<Registered> {
    assertTenantId(tenantId);
    const { instanceTable, locks, clock } = this.deps;
    return locks.withTenant(tenantId, async () => {
      const present = instanceTable.get(instanceName(service, tenantId));
      if (present !== undefined) return { runner: present, created: false };
      const record = newRecord(service, tenantId, own, clock.nowMs());
      this.assertRegistrable(record);
      return { runner: await this.add(record, options), created: true };
    });
  }

  private assertRegistrable(record: InstanceRecord): void {
    const { service, tenantId } = record;
    this.deps.assertService(service);
    this.deps.assertSameUser(service, tenantId);
    this.deps.instanceTable.assertOwnSocket(record);
  }

  private async add(record: InstanceRecord, { by, atOnce = false }: RegisterOptions): Promise<Runner> {
    const { clock, registry, events, instanceTable } = this.deps;
    const { service, tenantId } = record;
    const instance = instanceName(service, tenantId);
    const attempt = () => {
      this.deps.assertOpen();
      const operation = this.write(record);
      if (operation !== null) beginRegistration(tenantId, this.deps);
      instanceTable.add(record);
      instanceTable.addActivationSocket(record);
      events.append({
        atMs: clock.nowMs(),
        type: 'spawned',
        instance,
        message: 'registered',
        data: ownNames(record),
        by,
      });
      return operation;
    };
    const operation = atOnce ? attempt() : await registry.whenWritable(attempt);
    if (operation !== null) await completeRegistration(tenantId, operation, this.deps);
    return instanceTable.find(instance);
  }

  /**
   * Writes the instance, and with the first one the tenant's record and what is to be made for it.
   * @returns what is to be made; null: nothing
   * @throws {TenementError} `state_failed`
   */
  private write(record: InstanceRecord): Registration | null {
    const { clock, tenants } = this.deps;
    const { service, tenantId } = record;
    try {
      const tenant = tenants.get(tenantId) ?? newTenant(tenantId, clock.nowMs());
      const operation = tenants.hasInstances(tenantId, service) ? null : this.registrationOf(record);
      tenants.commit({ tenantId, record: tenant, addInstance: record, operation });
      return operation;
    } catch (error) {
      throw unwritten(`${instanceName(service, tenantId)} is not registered`, error);
    }
  }

  private registrationOf({ service }: InstanceRecord): Registration {
    return { kind: 'register', step: 'directory', startedAtMs: this.deps.clock.nowMs(), service };
  }

  /**
   * Unregisters an instance whose process has ended, once earlier operations on the tenant are over.
   * @param purge whether its logs are deleted, and the tenant's directory and record unless another of its services is
   *   registered
   * @throws {TenementError} `state_failed`: it is still registered; `purge_failed`: it is not, its directory is still there
   */
  unregister(runner: Runner, { purge, by }: { purge: boolean; by: Actor }): Promise<void> {
    return this.deps.locks.withTenant(runner.tenantId, async () => {
      const { clock, events } = this.deps;
      const struck = await this.strikeOut(runner, purge);
      if (struck === null) return;
      const { deletion } = struck;
      if (deletion !== null) await completeDeletion(runner.tenantId, deletion, this.deps);
      const purged = deletion?.withDirectory ?? false;
      const message = purged ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
      events.append({ atMs: clock.nowMs(), type: 'removed', instance: runner.name, message, data: { purged }, by });
    });
  }

  /** Unregisters it, and writes down what is to be deleted. Returns null when another removal was first. */
  private async strikeOut(runner: Runner, purge: boolean): Promise<{ deletion: Deletion | null } | null> {
    const { registry, instanceTable } = this.deps;
    const attempt = () => {
      if (instanceTable.get(runner.name) !== runner) return null;
      const deletion = purge ? this.deletionOf(runner) : null;
      this.deps.tenants.commit({
        tenantId: runner.tenantId,
        removeInstance: runner.service.name,
        ...(deletion !== null && { operation: deletion }),
      });
      instanceTable.forget(runner);
      return { deletion };
    };
    try {
      return await registry.whenWritable(attempt);
    } catch (error) {
      throw unwritten(`${runner.name} has ended, but is still registered`, error);
    }
  }

  private deletionOf({ tenantId, service }: Runner): Deletion {
    const withDirectory = !this.deps.tenants.hasInstances(tenantId, service.name);
    return {
      kind: 'delete',
      step: 'files',
      startedAtMs: this.deps.clock.nowMs(),
      service: service.name,
      withDirectory,
    };
  }
}

/** What the registration says of its own settings: the names of its variables, whose values may be secrets. */
function ownNames({ env, limits }: InstanceRecord): Record<string, unknown> {
  const names = Object.keys(env);
  const own = ownLimitsView(limits);
  return { ...(names.length > 0 && { env: names }), ...(Object.keys(own).length > 0 && { limits: own }) };
}
