/** The launch request for a new process of an instance. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { InstancePaths, LaunchRequest } from '../../core/ports.ts';
import type { EffectiveService } from '../../core/service/effective-service.ts';
import type { RunnerDeps } from '../instance/runner-parts.ts';

interface Launchable {
  readonly name: InstanceName;
  readonly tenantId: string;
  readonly service: EffectiveService;
}

export function launchRequestOf(
  { name: instance, tenantId, service }: Launchable,
  paths: InstancePaths,
  { webAddressOf, secretsOf }: Pick<RunnerDeps, 'webAddressOf' | 'secretsOf'>,
): LaunchRequest {
  const webAddress = webAddressOf(service.name, tenantId);
  return { instance, service, tenantId, paths, webAddress, secrets: secretsOf(tenantId) };
}
