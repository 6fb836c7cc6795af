/** Connects provisioning with the other parts of a supervisor. */
import { SYSTEM } from '../../core/access/actor.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import { hookMarkDir } from '../../core/provisioning/hook-environment.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { applyTerms } from '../tenants/apply-terms.ts';
import { continueRemoval } from '../tenants/removal/removal.ts';
import { Provisioning } from './provisioning.ts';

export function wiredProvisioning(parts: SupervisorParts): Provisioning {
  const { deps } = parts;
  return new Provisioning({
    ...deps,
    tenants: parts.tenants,
    locks: parts.tenantLocks,
    gates: parts.tenantGates,
    closedInstances: parts.closedInstances,
    markDir: hookMarkDir(parts.config.settings.stateDir),
    config: () => parts.config,
    valuesOf: (...whose) => parts.services.templateValues(...whose),
    onOpened: (name) => parts.instanceTable.loaded(name)?.dispatch({ type: 'unhalt' }),
    onAwaited: (name, waits) =>
      parts.instanceTable.loaded(name)?.dispatch({ type: waits ? 'await-hooks' : 'hooks-done' }),
    onHooksFailed: (name) => parts.instanceTable.loaded(name)?.tenantChanged(),
    onSecretsChanged: (tenantId) => applyTerms(tenantId, parts, SYSTEM),
    continuePurge: (...purge) => continueRemoval(...purge, parts),
    awake: () => awake(parts),
  });
}

function* awake({ instanceTable }: SupervisorParts): Generator<InstanceName> {
  for (const runner of instanceTable) if (runner.hasProcess) yield runner.name;
}
