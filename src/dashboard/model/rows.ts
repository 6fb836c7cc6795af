/** The rows of tenants and instances, kept in step with the server. Pure but for the maps that it changes in place. */
import type { DashboardChange, DashboardList, InstanceRow, TenantRow } from '../../core/dashboard/views.ts';

export interface Rows {
  readonly instances: Map<string, InstanceRow>;
  readonly tenants: Map<string, TenantRow>;
}

export function rowsOf({ instances, tenants }: Pick<DashboardList, 'instances' | 'tenants'>): Rows {
  return {
    instances: new Map(instances.map((row) => [row.instance, row])),
    tenants: new Map(tenants.map((row) => [row.id, row])),
  };
}

/** Returns an object of its own with the same maps, changed. */
export function withChange({ instances, tenants }: Rows, change: DashboardChange): Rows {
  for (const name of change.removedInstances ?? []) instances.delete(name);
  for (const id of change.removedTenants ?? []) tenants.delete(id);
  for (const row of change.instances ?? []) instances.set(row.instance, row);
  for (const row of change.tenants ?? []) tenants.set(row.id, row);
  return { instances, tenants };
}

export function splitInstance(instance: string): { readonly service: string; readonly id: string } {
  const colon = instance.indexOf(':');
  return { service: instance.slice(0, colon), id: instance.slice(colon + 1) };
}

/** How many rows are in each state. */
export function countStates(rows: Iterable<{ readonly state: string }>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** The states of each tenant's instances, by the instance's name. */
export function statesByTenant({ instances }: Rows): Map<string, string[]> {
  const states = new Map<string, string[]>();
  for (const { instance, state } of instances.values()) {
    const { id } = splitInstance(instance);
    const others = states.get(id);
    if (others === undefined) states.set(id, [state]);
    else others.push(state);
  }
  return states;
}
