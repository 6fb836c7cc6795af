/**
 * Applies another config: new services are served, removed ones drain and end, changed ones restart one by one. A
 * failure with one instance is logged, and the others continue.
 */
import { instanceName } from '../../core/lifecycle/instance.ts';
import type { ConfigDiff } from '../../core/lifecycle/reconcile.ts';
import type { ListedInstance, ServiceConfig } from '../../core/service/service.ts';
import type { Registry } from '../../core/stores/registry.ts';
import { detached } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { Runner } from '../instance/runner.ts';
import type { InstanceTable } from '../instance-table.ts';
import { type RecoveryDeps, takeUp } from '../recovery.ts';
import type { RollingRestart } from './rolling-restart.ts';

export interface ReconfigurationDeps {
  readonly instanceTable: InstanceTable;
  readonly registry: Registry;
  readonly rollingRestart: RollingRestart;
  readonly logger: Logger;
  readonly recovery: RecoveryDeps;
  /** Returns the names of all services of the new config. */
  services(): string[];
  /** Returns a service of the new config. */
  service(name: string): ServiceConfig | undefined;
  /** Registers an entry of `[instances]`, and starts it unless the entry says otherwise. @throws {TenementError} */
  takeIn(instance: ListedInstance): Promise<void>;
}

/** Applies the differences. The new config is current already. */
export function reconfigure(diff: ConfigDiff, deps: ReconfigurationDeps): void {
  for (const name of diff.removed) retireAll(name, deps);
  const changed = changedServices(diff, deps);
  for (const name of changed) change(name, deps);
  if (diff.added.length > 0) takeUpAdded(new Set(diff.added), deps);
  for (const instance of diff.instances) {
    const name = instanceName(instance.service, instance.tenantId);
    deps
      .takeIn(instance)
      .catch((error) => deps.logger.error({ instance: name, err: error }, 'not registered or started'));
  }
  const restarted = hasOtherTerms(diff)
    ? changed
    : diff.changed.filter(({ restarts }) => restarts).map(({ name }) => name);
  for (const service of restarted) detached(deps.logger, { service }, deps.rollingRestart.start(service));
}

/** Returns the services that change. Another plan changes all services. */
function changedServices(diff: ConfigDiff, { services }: ReconfigurationDeps): string[] {
  return hasOtherTerms(diff)
    ? services().filter((name) => !diff.added.includes(name))
    : diff.changed.map(({ name }) => name);
}

/** Whether tenants bring other terms to their instances. */
function hasOtherTerms({ plans, live }: ConfigDiff): boolean {
  return plans.length > 0 || live.includes('tenants');
}

function change(name: string, deps: ReconfigurationDeps): void {
  const service = deps.service(name);
  if (service === undefined) return;
  for (const runner of deps.instanceTable.ofService(name)) {
    attempt(runner.name, 'keeps its previous config', deps, () => runner.reconfigure(service));
  }
  deps.instanceTable.renewSockets(name);
}

/** Takes up instances of services that are new in the config but whose instances were registered before. */
function takeUpAdded(names: ReadonlySet<string>, { registry, instanceTable, recovery }: ReconfigurationDeps): void {
  for (const record of registry.list()) {
    const isNew = names.has(record.service) && !instanceTable.has(instanceName(record.service, record.tenantId));
    if (isNew) takeUp(record, recovery);
  }
  instanceTable.openActivationSockets();
}

function retireAll(service: string, deps: ReconfigurationDeps): void {
  deps.instanceTable.forgetSleepers(service);
  for (const runner of deps.instanceTable.ofService(service)) {
    detached(deps.logger, { instance: runner.name }, retire(runner, deps));
  }
}

/** Ends an instance whose service is gone, and keeps its registration. The service may be back by then. */
async function retire(runner: Runner, { instanceTable, recovery }: ReconfigurationDeps): Promise<void> {
  runner.dispatch({ type: 'close' });
  await runner.until(() => runner.lifecycle.over);
  instanceTable.forget(runner);
  if (recovery.hasService(runner.service.name) && !instanceTable.has(runner.name)) {
    takeUp(runner.record, recovery);
    instanceTable.openActivationSockets();
  }
}

function attempt(instance: string, otherwise: string, { logger }: ReconfigurationDeps, work: () => void): void {
  try {
    work();
  } catch (error) {
    logger.error({ instance, err: error }, otherwise);
  }
}
