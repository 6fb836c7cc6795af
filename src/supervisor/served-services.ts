/** Queries on the services that are served now, and on what the instances of a tenant are told of them. */

import { type InstanceName, type InstanceRecord, instanceName } from '../core/lifecycle/instance.ts';
import { effectiveService } from '../core/service/effective-service.ts';
import { type Config, type ServiceConfig, serviceNamed } from '../core/service/service.ts';
import { assertSameUser } from '../core/tenants/same-user.ts';
import { type Skeleton, skeletonFor } from '../core/tenants/skeleton.ts';
import type { TenantRecord } from '../core/tenants/tenant.ts';
import type { Address } from './instance-table.ts';
import type { SupervisorDeps } from './supervisor-deps.ts';
import { templateValues } from './tenants/registration/template-values.ts';
import type { TenantTable } from './tenants/tenant-table.ts';

interface ServedServicesDeps extends Pick<SupervisorDeps, 'served' | 'host' | 'launcher' | 'webAddressOf'> {
  readonly tenants: TenantTable;
  readonly isRegistered: (name: InstanceName) => boolean;
}

export class ServedServices {
  private readonly deps: ServedServicesDeps;

  constructor(deps: ServedServicesDeps) {
    this.deps = deps;
  }

  /** The config that is served now. */
  get config(): Config {
    return this.deps.served.current;
  }

  /** @throws {TenementError} `unknown_service` */
  named(name: string): ServiceConfig {
    return serviceNamed(this.config, name);
  }

  addressOf(name: string, tenantId: string): Address | null {
    const service = this.config.services.get(name);
    return service === undefined ? null : { paths: this.deps.launcher.paths(service, tenantId), access: service };
  }

  skeletonFor(tenantId: string, service: ServiceConfig): (() => Skeleton) | null {
    const { skeleton } = this.config.tenants;
    if (skeleton === null) return null;
    return () => skeletonFor(skeleton, this.templateValues(tenantId, service.name));
  }

  /** Returns what templates are filled in with before an instance has a process. */
  templateValues(tenantId: string, service: string) {
    const { settings } = this.config;
    const plan = this.deps.tenants.planOf(tenantId)?.name ?? null;
    return templateValues(tenantId, service, { settings, plan, address: this.deps.webAddressOf(service, tenantId) });
  }

  /** @throws {TenementError} `mixed_users` */
  assertSameUser(service: string, tenantId: string, added: readonly ServiceConfig[] = []): void {
    const services = [...this.config.services.values()];
    const others = services.filter(({ name }) => this.deps.isRegistered(instanceName(name, tenantId)));
    assertSameUser(this.named(service), [...others, ...added], tenantId);
  }

  /** @throws {TenementError} `unknown_service`, `mixed_users`, `host_cannot` */
  assertRegistrable({ id, plan, env }: TenantRecord, instances: readonly InstanceRecord[]): void {
    const added = instances.map(({ service }) => this.named(service));
    for (const service of added) this.assertSameUser(service.name, id, added);
    const terms = { plan: this.deps.tenants.planOn(plan), env };
    this.deps.host.assertHostGives(instances.map((own) => effectiveService(this.named(own.service), terms, own)));
  }
}
