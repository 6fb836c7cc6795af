/** What a process of an instance would be started with now. */
import type { InstanceName, InstanceRecord } from '../../core/lifecycle/instance.ts';
import type { InstancePaths, LaunchRequest } from '../../core/ports.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { Consumption } from '../activity/consumption.ts';
import type { RunnerDeps } from '../instance/runner-parts.ts';

interface Instance {
  readonly name: InstanceName;
  readonly tenantId: string;
  readonly service: ServiceConfig;
  readonly record: InstanceRecord;
  readonly consumption: Consumption;
}

export function launchRequestOf(
  { name: instance, tenantId, service, record, consumption }: Instance,
  paths: InstancePaths,
  { webAddressOf }: Pick<RunnerDeps, 'webAddressOf'>,
): LaunchRequest {
  const webAddress = webAddressOf(service.name, tenantId);
  return { instance, service, tenantId, env: record.env, limits: consumption.limits, paths, webAddress };
}
