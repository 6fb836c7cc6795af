/** Changes what is one instance's own: written first, then applied. */
import { changedOverrides } from '../core/input/instance-change.ts';
import { LIMITS } from '../core/limits/limit-table.ts';
import { effectiveService } from '../core/service/effective-service.ts';
import { serviceNamed } from '../core/service/service.ts';
import type { InstanceChanges } from '../core/verbs/verbs.ts';
import type { Runner } from './instance/runner.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { unwritten } from './unwritten.ts';

/** What was changed, without the values of variables, which may be secret. */
export interface ChangedSettings {
  /** Names of variables, and keys of limits. */
  readonly fields: readonly string[];
}

/**
 * Writes and applies changes, under the lock of the tenant. Returns null when they change nothing. The process may be
 * outdated afterwards.
 * @throws {TenementError} `host_cannot`, `state_failed`; nothing has changed then
 */
export async function changeOverrides(
  runner: Runner,
  changes: InstanceChanges,
  parts: SupervisorParts,
): Promise<ChangedSettings | null> {
  const { registry, host } = parts.deps;
  const { record } = runner;
  const own = changedOverrides(record, changes);
  if (own.env === record.env && own.limits === record.limits) return null;
  const service = serviceNamed(parts.config, record.service);
  host.assertHostGives([effectiveService(service, parts.tenants.termsOf(runner.tenantId), own)]);
  try {
    await registry.whenWritable(() => {
      registry.save({ ...runner.record, ...own }, true);
      runner.override(own);
    });
  } catch (error) {
    throw unwritten(`${runner.name} stays as it was`, error);
  }
  runner.reconfigure(service);
  parts.monitors.renew();
  return { fields: [...Object.keys(changes.env ?? {}), ...limitKeys(changes)] };
}

function limitKeys({ limits = {} }: InstanceChanges): string[] {
  return Object.entries(LIMITS).flatMap(([name, { key }]) =>
    limits[name as keyof typeof limits] === undefined ? [] : [key],
  );
}
