/** Stops and unregisters a tenant with all its instances, under its lock. */
import { type Actor, SYSTEM } from '../../../core/access/actor.ts';
import { type InstanceName, instanceName } from '../../../core/lifecycle/instance.ts';
import type { Deletion } from '../../../core/tenants/tenant-operation.ts';
import type { SupervisorParts } from '../../supervisor-parts.ts';
import { unwritten } from '../../unwritten.ts';
import { completeDeletion } from './deletion.ts';

export interface RemovalOptions {
  /** Whether what its hooks have made, its directory and the logs of its instances are deleted. */
  readonly purge: boolean;
  readonly by: Actor;
}

/**
 * A server that is killed before the instances are unregistered leaves the tenant as it is; afterwards, the next one
 * completes the deletion.
 * @throws {TenementError} `state_failed`: it is still registered; `purge_failed`: its directory is still there;
 *   `deprovisioning_failed`: a hook failed, and is tried again later
 */
export async function removeTenant(
  tenantId: string,
  { purge, by }: RemovalOptions,
  parts: SupervisorParts,
): Promise<void> {
  const { tenants, tenantInstances, deps, instanceTable, provisioning } = parts;
  if (!purge) provisioning.board.assertNotPurging(tenantId);
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
  else provisioning.registered(tenantId);
  const names = runners.map(({ service }) => instanceName(service.name, tenantId));
  gone(tenantId, names, { purge, by }, parts);
}

/**
 * Continues a purge whose hooks were interrupted or have failed, under the tenant's lock.
 * @throws {TenementError} as `removeTenant`
 */
export async function continueRemoval(tenantId: string, deletion: Deletion, parts: SupervisorParts): Promise<void> {
  await completeDeletion(tenantId, deletion, parts.tenantDeps);
  const names = deletion.services.map((service) => instanceName(service, tenantId));
  if (deletion.withRecord) gone(tenantId, names, { purge: true, by: SYSTEM }, parts);
}

function gone(
  tenantId: string,
  instances: readonly InstanceName[],
  { purge, by }: RemovalOptions,
  parts: SupervisorParts,
): void {
  parts.tenantGates.forget(tenantId);
  parts.provisioning.board.templateDone(tenantId);
  parts.expiry.renew();
  const atMs = parts.deps.clock.nowMs();
  const message = purge ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
  const data = { purged: purge, instances };
  parts.deps.events.append({ atMs, type: 'tenant-removed', instance: null, tenant: tenantId, message, data, by });
}

function deletionOf(tenantId: string, { tenants, deps, provisioning }: SupervisorParts): Deletion {
  const services = tenants.servicesOf(tenantId);
  const startedAtMs = deps.clock.nowMs();
  const asked = { kind: 'delete', startedAtMs, services, withDirectory: true, withRecord: true } as const;
  return provisioning.withHooks(tenantId, asked);
}
