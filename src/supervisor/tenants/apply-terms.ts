/** Applies what a tenant brings to its instances, after a change of its plan, its variables or its secrets. */
import type { Actor } from '../../core/access/actor.ts';
import { replaceOutdated } from '../rollout/replacement.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';

/**
 * Running instances are restarted, one after another, without a failed request, as far as the change concerns their
 * process. One that lacks a secret keeps its process, because the next would not start; so does one that waits for hooks,
 * after which it is restarted. Instances without a runner get
 * the change with their next start.
 */
export async function applyTerms(tenantId: string, parts: SupervisorParts, by: Actor): Promise<void> {
  const { tenantInstances, instanceTable, config, secrets, provisioning } = parts;
  const runners = tenantInstances.names(tenantId).flatMap((name) => instanceTable.loaded(name) ?? []);
  for (const runner of runners) {
    const service = config.services.get(runner.service.name);
    if (service !== undefined) runner.reconfigure(service);
  }
  parts.monitors.renew();
  for (const runner of runners) {
    const isWaiting = provisioning.board.isWaiting(runner.name);
    if (!isWaiting && secrets.missing(runner.service, tenantId).length === 0) await replaceOutdated(runner, by);
  }
}
