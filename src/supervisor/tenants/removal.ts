/** Stops and unregisters a tenant with all its instances, under its lock. */
import type { Actor } from '../../core/access/actor.ts';
import { instanceName } from '../../core/lifecycle/instance.ts';
import type { Deletion } from '../../core/tenants/tenant-operation.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { unwritten } from '../unwritten.ts';
import { completeDeletion } from './deletion.ts';

export interface RemovalOptions {
  /** Whether its directory and the logs of its instances are deleted. */
  readonly purge: boolean;
  readonly by: Actor;
}

/**
 * A server that is killed before the instances are unregistered leaves the tenant as it is; afterwards, the next one
 * completes the deletion.
 * @throws {TenementError} `state_failed`: it is still registered; `purge_failed`: its directory is still there
 */
export async function removeTenant(
  tenantId: string,
  { purge, by }: RemovalOptions,
  parts: SupervisorParts,
): Promise<void> {
  const { tenants, tenantInstances, tenantGates, deps, instanceTable } = parts;
  const runners = tenantInstances.runners(tenantId);
  for (const runner of runners) runner.dispatch({ type: 'remove', by });
  await Promise.all(runners.map((runner) => runner.until(() => runner.lifecycle.over)));
  const deletion = purge ? deletionOf(tenantId, parts) : null;
  try {
    await deps.registry.whenWritable(() => {
      const removeInstances = tenants.servicesOf(tenantId);
      tenants.commit({ tenantId, removeInstances, operation: deletion, ...(deletion === null && { record: null }) });
    });
  } catch (error) {
    throw unwritten(`${tenantId} has ended, but is still registered`, error);
  }
  for (const runner of runners) instanceTable.forget(runner);
  if (deletion !== null) await completeDeletion(tenantId, deletion, parts.tenantDeps);
  tenantGates.forget(tenantId);
  parts.expiry.renew();
  const atMs = deps.clock.nowMs();
  const message = purge ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
  const data = { purged: purge, instances: runners.map(({ service }) => instanceName(service.name, tenantId)) };
  deps.events.append({ atMs, type: 'tenant-removed', instance: null, tenant: tenantId, message, data, by });
}

function deletionOf(tenantId: string, { tenants, deps }: SupervisorParts): Deletion {
  const services = tenants.servicesOf(tenantId);
  const startedAtMs = deps.clock.nowMs();
  return { kind: 'delete', step: 'files', startedAtMs, services, withDirectory: true, withRecord: true };
}
