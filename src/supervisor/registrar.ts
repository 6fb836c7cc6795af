/** Registers instances and unregisters them: in the registry first, then in the fleet. */
import { assertTenantId, type InstanceName, instanceName, newRecord, type TenantsOwn } from '../core/instance.ts';
import type { Clock, EventLog, Launcher, Registry } from '../core/ports.ts';
import { TenementError } from '../errors.ts';
import type { Fleet } from './fleet.ts';
import type { Runner } from './runner.ts';

export interface RegistrarDeps {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly events: EventLog;
  readonly launcher: Pick<Launcher, 'deleteTenantDir'>;
  readonly fleet: Fleet;
  /** @throws {TenementError} `unknown_service` */
  assertService(name: string): void;
  /** Deletes what the instance printed. */
  removeLogs(instance: InstanceName): Promise<void>;
}

export class Registrar {
  private readonly deps: RegistrarDeps;

  constructor(deps: RegistrarDeps) {
    this.deps = deps;
  }

  /** @throws {TenementError} `unknown_service`, `bad_id`, `socket_conflict`, `state_failed` */
  register(service: string, tenantId: string, own: TenantsOwn): Runner {
    const { clock, registry, events, fleet } = this.deps;
    this.deps.assertService(service);
    assertTenantId(tenantId);
    const instance = instanceName(service, tenantId);
    const record = newRecord(service, tenantId, own, clock.nowMs());
    fleet.assertOwnSocket(record);
    try {
      registry.save(record, true);
    } catch (error) {
      throw unwritten(`${instance} is not registered`, error);
    }
    fleet.add(record);
    fleet.hangDoorbell(record);
    events.append({ atMs: clock.nowMs(), type: 'spawned', instance, message: 'registered', data: {} });
    return fleet.find(instance);
  }

  /** One whose process has ended. `purge`: also its logs, and its directory if it is no other service's. */
  async unregister(runner: Runner, purge: boolean): Promise<void> {
    const { clock, registry, events, fleet, launcher } = this.deps;
    try {
      registry.remove(runner.service.name, runner.tenantId);
    } catch (error) {
      throw unwritten(`${runner.name} has ended, but is still registered`, error);
    }
    fleet.forget(runner);
    const purged = purge && !fleet.hasOtherOf(runner.tenantId);
    if (purge) await this.deps.removeLogs(runner.name);
    if (purged) await launcher.deleteTenantDir(runner.tenantId);
    const message = purged ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
    events.append({ atMs: clock.nowMs(), type: 'removed', instance: runner.name, message, data: { purged } });
  }
}

/** The registry did not take it. */
export function unwritten(what: string, error: unknown): TenementError {
  const why = error instanceof Error ? error.message : 'the registry cannot be written';
  return new TenementError('state_failed', `${what}: ${why}`, { cause: error });
}
