/** The status of an answer to a registration. */
import { hasStartFailed } from '../../core/lifecycle/start-outcome.ts';
import type { CreateTenantOptions, TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceView, SpawnOptions } from '../../core/verbs/verbs.ts';

/**
 * Returns 201 for what is new, 200 for what was there, 502 when a start that was waited for failed.
 * @param instances those that were to be started
 */
export function registeredStatus(
  instances: readonly InstanceView[],
  created: boolean,
  { start, wait }: Pick<SpawnOptions, 'start' | 'wait'>,
): 200 | 201 | 502 {
  const isWaitedFor = start !== false && wait !== false;
  if (isWaitedFor && instances.some((view) => hasStartFailed(view, created))) return 502;
  return created ? 201 : 200;
}

/** Whether a hook that was waited for failed, so that the tenant does not run. */
export function hasHookFailed(
  { state, provisioning }: TenantView,
  { wait }: Pick<CreateTenantOptions, 'wait'>,
): boolean {
  return wait !== false && state === 'provisioning' && (provisioning?.failed ?? null) !== null;
}
