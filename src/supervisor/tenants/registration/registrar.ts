/**
 * Registers and unregisters instances, one operation at a time for each tenant: in the registry first, then in the table
 * of instances, then on disk.
 */

import type { Actor } from '../../../core/access/actor.ts';
import type { DomainRecord } from '../../../core/domains/domain.ts';
import {
  type InstanceOverrides,
  type InstanceRecord,
  instanceName,
  newRecord,
} from '../../../core/lifecycle/instance.ts';
import type { Clock, TenantDirectories } from '../../../core/ports.ts';
import type { SealedSecret } from '../../../core/secrets/sealed-secret.ts';
import type { ServiceConfig } from '../../../core/service/service.ts';
import type { EventLog } from '../../../core/stores/event-log.ts';
import { assertTenantId, isBare, newTenant, type TenantRecord } from '../../../core/tenants/tenant.ts';
import type { Deletion, Registration } from '../../../core/tenants/tenant-operation.ts';
import { TenementError } from '../../../errors.ts';
import type { DomainTable } from '../../domains/domain-table.ts';
import type { Runner } from '../../instance/runner.ts';
import type { InstanceTable } from '../../instance-table.ts';
import type { Provisioning } from '../../provisioning/provisioning.ts';
import { secretEvent } from '../../secrets/secret-event.ts';
import type { TenantSecrets } from '../../secrets/tenant-secrets.ts';
import { unwritten } from '../../unwritten.ts';
import { completeDeletion, type DeletionDeps } from '../removal/deletion.ts';
import type { TenantLocks } from '../tenant-locks.ts';
import type { TenantTable } from '../tenant-table.ts';
import { beginRegistration, completeRegistration, type RegistrationDeps } from './registration.ts';
import { spawnedEventData } from './spawned-event.ts';

export interface RegistrarDeps extends DeletionDeps, RegistrationDeps {
  readonly tenants: TenantTable;
  readonly tenantDirectories: TenantDirectories;
  readonly clock: Clock;
  readonly locks: TenantLocks;
  readonly events: EventLog;
  readonly instanceTable: InstanceTable;
  readonly domains: DomainTable;
  readonly provisioning: Provisioning;
  /** @throws {TenementError} `shutting_down` */
  assertOpen(): void;
  readonly secrets: Pick<TenantSecrets, 'generatorFor' | 'hasGiven'>;
  /** Returns the services of the config that have these names. */
  generators(services: readonly string[]): readonly ServiceConfig[];
  /** @throws {TenementError} `unknown_service`, `mixed_users`, `host_cannot` */
  assertRegistrable(tenant: TenantRecord, instances: readonly InstanceRecord[]): void;
}

export interface Registered {
  /** One for each service, in their order. */
  readonly runners: readonly Runner[];
  /** Those that are new. */
  readonly added: ReadonlySet<Runner>;
  /** Whether the tenant is new. */
  readonly isNew: boolean;
}

export interface RegisterOptions {
  readonly by: Actor;
  /** Whether to fail at once, instead of after some seconds, while another process holds the registry's lock. */
  readonly atOnce?: boolean;
  /**
   * Returns the record of the tenant, given the one that it has. Default: the one that it has, else one with nothing of
   * its own. @throws {TenementError} when it may not be registered so
   */
  record?(present: TenantRecord | null): TenantRecord;
  /** Called when everything is written, before the tenant's directory is made. */
  onWritten?(): void;
  /** Returns domains that are registered with the instances, in the step in which they are written. */
  domains?(): readonly DomainRecord[];
  /** Secrets that are registered with the instances. */
  readonly secrets?: readonly SealedSecret[];
}

interface Registering {
  readonly tenant: TenantRecord;
  readonly instances: readonly InstanceRecord[];
  readonly domains: () => readonly DomainRecord[];
  readonly secrets: readonly SealedSecret[];
}

export class Registrar {
  private readonly deps: RegistrarDeps;

  constructor(deps: RegistrarDeps) {
    this.deps = deps;
  }

  /**
   * Registers instances, and with its first instances the tenant, once earlier operations on the tenant are over.
   * Instances that are registered stay as they are.
   * @throws {TenementError} `bad_id`, `unknown_service`, `mixed_users`, `plan_limit`, `socket_conflict`, `shutting_down`,
   * `state_failed`; nothing is registered then
   */
  async register(
    tenantId: string,
    services: readonly string[],
    own: InstanceOverrides,
    options: RegisterOptions,
  ): Promise<Registered> {
    assertTenantId(tenantId);
    return this.deps.locks.withTenant(tenantId, () => this.registerLocked(tenantId, services, () => own, options));
  }

  /**
   * Registers a tenant whose lock the caller has.
   * @param ownOf returns what the instance of a service has of its own
   * @throws as `register`
   */
  async registerLocked(
    tenantId: string,
    services: readonly string[],
    ownOf: (service: string) => InstanceOverrides,
    options: RegisterOptions,
  ): Promise<Registered> {
    const { instanceTable } = this.deps;
    const nameOf = (service: string) => instanceName(service, tenantId);
    const { present, missing, registering } = this.planned(tenantId, services, ownOf, options);
    if (missing.length > 0) await this.add(registering, options);
    const runners = services.map((service) => instanceTable.find(nameOf(service)));
    const added = new Set(missing.map((service) => instanceTable.find(nameOf(service))));
    return { runners, added, isNew: present === null };
  }

  /** Checks what `registerLocked` would do, and changes nothing. @throws as `register` */
  assertMayRegister(...asked: Parameters<Registrar['registerLocked']>): void {
    this.planned(...asked);
  }

  private planned(...[tenantId, services, ownOf, options]: Parameters<Registrar['registerLocked']>) {
    const { instanceTable, clock, tenants } = this.deps;
    this.deps.provisioning.board.assertNotPurging(tenantId);
    const present = tenants.get(tenantId);
    const tenant = options.record?.(present) ?? present ?? newTenant(tenantId, clock.nowMs());
    const missing = services.filter((service) => !instanceTable.has(instanceName(service, tenantId)));
    const instances = missing.map((service) => newRecord(service, tenantId, ownOf(service), clock.nowMs()));
    const domains = () => options.domains?.() ?? [];
    const registering = { tenant, instances, domains, secrets: options.secrets ?? [] };
    this.assertRegistrable(registering);
    return { present, missing, registering };
  }

  private assertRegistrable({ tenant, instances }: Registering): void {
    this.deps.assertRegistrable(tenant, instances);
    for (const instance of instances) this.deps.instanceTable.assertOwnSocket(instance);
    const plan = this.deps.tenants.planOn(tenant.plan);
    const max = plan?.maxInstances ?? null;
    if (plan === null || max === null || instances.length === 0) return;
    const services = new Set([...this.deps.tenants.servicesOf(tenant.id), ...instances.map(({ service }) => service)]);
    if (services.size <= max) return;
    const allowed = max === 1 ? 'one service' : `${max} services`;
    throw new TenementError(
      'plan_limit',
      `${tenant.id} would have ${services.size}, and plan ${plan.name} allows ${allowed}`,
    );
  }

  private async add(registering: Registering, { by, atOnce = false, onWritten }: RegisterOptions): Promise<void> {
    const { registry, secrets, generators, events, clock } = this.deps;
    const { tenant, instances } = registering;
    const services = generators(instances.map(({ service }) => service));
    const generate = await secrets.generatorFor(tenant.id, services);
    const attempt = () => {
      this.deps.assertOpen();
      const generated = generate();
      const operation = this.write(registering, withGiven(registering.secrets, generated));
      for (const secret of generated)
        events.append(secretEvent('secret-set', tenant.id, secret, { by, atMs: clock.nowMs() }));
      if (operation !== null) beginRegistration(tenant.id, this.deps);
      this.deps.provisioning.registered(tenant.id);
      for (const instance of instances) this.serve(instance, by);
      return operation;
    };
    const operation = atOnce ? attempt() : await registry.whenWritable(attempt);
    onWritten?.();
    if (operation !== null) await completeRegistration(tenant.id, operation, this.deps);
  }

  private serve(record: InstanceRecord, by: Actor): void {
    const { clock, events, instanceTable } = this.deps;
    const instance = instanceName(record.service, record.tenantId);
    instanceTable.add(record);
    instanceTable.addActivationSocket(record);
    events.append({
      atMs: clock.nowMs(),
      type: 'spawned',
      instance,
      message: 'registered',
      data: spawnedEventData(record),
      by,
    });
  }

  /**
   * Writes the instances with the secrets that are generated for them, and with the first ones the tenant's record and
   * what is to be made for it.
   * @returns what is to be made; null: nothing
   * @throws {TenementError} `state_failed`
   */
  private write({ tenant, instances, domains }: Registering, putSecrets: readonly SealedSecret[]): Registration | null {
    const { tenants } = this.deps;
    const putDomains = domains();
    try {
      const isNew = tenants.servicesOf(tenant.id).length === 0;
      const operation = isNew ? this.registrationOf(instances) : null;
      const services = instances.map(({ service }) => service);
      const putHooks = this.deps.provisioning.board.newHooks(tenant.id, services, isNew);
      tenants.commit({
        tenantId: tenant.id,
        record: tenant,
        addInstances: instances,
        putDomains,
        putSecrets,
        putHooks,
        operation,
      });
      return operation;
    } catch (error) {
      const names = instances.map(({ service }) => instanceName(service, tenant.id)).join(', ');
      throw unwritten(`${names} ${instances.length === 1 ? 'is' : 'are'} not registered`, error);
    }
  }

  private registrationOf([first]: readonly InstanceRecord[]): Registration {
    const service = first?.service ?? '';
    return { kind: 'register', step: 'directory', startedAtMs: this.deps.clock.nowMs(), service };
  }

  /**
   * Unregisters an instance whose process has ended, once earlier operations on the tenant are over.
   * @param purge whether its logs are deleted, and the tenant's directory unless another of its services is registered
   * @throws {TenementError} `state_failed`: it is still registered; `purge_failed`: it is not, its directory is still there;
   * `deprovisioning_failed`: it is not, and a hook is tried again later
   */
  unregister(runner: Runner, options: { purge: boolean; by: Actor }): Promise<void> {
    return this.deps.locks.withTenant(runner.tenantId, () => this.removeEnded(runner, options), { waits: true });
  }

  private async removeEnded(runner: Runner, { purge, by }: { purge: boolean; by: Actor }): Promise<void> {
    const { clock, events } = this.deps;
    const struck = await this.strikeOut(runner, purge);
    if (struck === null) return;
    const { deletion } = struck;
    if (deletion !== null) await completeDeletion(runner.tenantId, deletion, this.deps);
    const purged = deletion?.withDirectory ?? false;
    const message = purged ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
    events.append({ atMs: clock.nowMs(), type: 'removed', instance: runner.name, message, data: { purged }, by });
  }

  /** Unregisters it, and writes down what is to be deleted. Returns null when another removal was first. */
  private async strikeOut(runner: Runner, purge: boolean): Promise<{ deletion: Deletion | null } | null> {
    const { registry, instanceTable } = this.deps;
    const attempt = () => {
      if (instanceTable.get(runner.name) !== runner) return null;
      const deletion = purge ? this.deletionOf(runner) : null;
      this.deps.tenants.commit({
        tenantId: runner.tenantId,
        removeInstances: [runner.service.name],
        ...(deletion !== null && { operation: deletion }),
      });
      instanceTable.forget(runner);
      this.deps.provisioning.registered(runner.tenantId);
      return { deletion };
    };
    try {
      return await registry.whenWritable(attempt);
    } catch (error) {
      throw unwritten(`${runner.name} has ended, but is still registered`, error);
    }
  }

  /** The record of a tenant that an operator has given something stays until `tenant rm`. */
  private deletionOf({ tenantId, service }: Runner): Deletion {
    const { tenants, clock } = this.deps;
    const withDirectory = tenants.servicesOf(tenantId).every((one) => one === service.name);
    const record = tenants.get(tenantId);
    const withRecord = withDirectory && (record === null || isBare(record)) && !this.hasMore(tenantId);
    const services = [service.name];
    const asked = { kind: 'delete', startedAtMs: clock.nowMs(), services, withDirectory, withRecord } as const;
    return this.deps.provisioning.withHooks(tenantId, asked);
  }

  /** Whether an operator has given it what its record does not show. */
  private hasMore(tenantId: string): boolean {
    return this.deps.domains.store.countsOf(tenantId).all > 0 || this.deps.secrets.hasGiven(tenantId);
  }
}

/** Secrets that a tenant brings with it are not generated. */
function withGiven(given: readonly SealedSecret[], generated: readonly SealedSecret[]): SealedSecret[] {
  const names = new Set(given.map(({ name }) => name));
  return [...given, ...generated.filter(({ name }) => !names.has(name))];
}
