/** The instances of each tenant, which follow its state. */
import { type InstanceName, instanceName } from '../../core/lifecycle/instance.ts';
import { isHalting, type TenantState } from '../../core/tenants/tenant-state.ts';
import type { Runner } from '../instance/runner.ts';
import type { InstanceTable } from '../instance-table.ts';

export interface TenantInstancesOptions {
  readonly instanceTable: InstanceTable;
  /** Returns the names of the services of the config. */
  services(): Iterable<string>;
}

export class TenantInstances {
  private readonly options: TenantInstancesOptions;

  constructor(options: TenantInstancesOptions) {
    this.options = options;
  }

  /** Returns the names of its instances that are served, in order. */
  names(tenantId: string): InstanceName[] {
    const { instanceTable, services } = this.options;
    const names = Array.from(services(), (service) => instanceName(service, tenantId));
    return names.filter((name) => instanceTable.has(name)).sort();
  }

  runners(tenantId: string): Runner[] {
    return this.names(tenantId).map((name) => this.options.instanceTable.find(name));
  }

  /** Applies a changed state of the tenant. Instances without a runner have no process, and get one that follows it. */
  follow(tenantId: string, was: TenantState, is: TenantState): void {
    for (const name of this.names(tenantId)) {
      const runner = this.options.instanceTable.loaded(name);
      if (runner === undefined) continue;
      runner.tenantChanged();
      if (isHalting(is)) runner.dispatch({ type: 'halt' });
      else if (isHalting(was)) resume(runner);
    }
  }
}

/** One that never sleeps runs again at once, if it did before. */
function resume(runner: Runner): void {
  runner.dispatch({ type: 'unhalt' });
  const { lifecycle, service } = runner;
  if (lifecycle.desired === 'up' && service.idleTimeoutMs === 0) runner.dispatch({ type: 'start' });
}
