/** Dependencies of provisioning. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { Clock } from '../../core/ports.ts';
import type { Config } from '../../core/service/service.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { HookStore } from '../../core/stores/hook-store.ts';
import type { Registry } from '../../core/stores/registry.ts';
import type { TenantStore } from '../../core/stores/tenant-store.ts';
import type { Deletion } from '../../core/tenants/tenant-operation.ts';
import type { Logger } from '../../logger.ts';
import type { TenantGates } from '../tenants/tenant-gates.ts';
import type { TenantLocks } from '../tenants/tenant-locks.ts';
import type { ClosedInstances } from './closed-instances.ts';
import type { HookExecutionDeps } from './hook-execution.ts';

export interface ProvisioningDeps extends Omit<HookExecutionDeps, 'configured' | 'strayless' | 'counts' | 'hooks'> {
  readonly hooks: HookStore;
  readonly tenants: TenantStore;
  readonly registry: Pick<Registry, 'whenWritable'>;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly locks: TenantLocks;
  readonly gates: TenantGates;
  readonly closedInstances: ClosedInstances;
  /** Returns a number from 0 to 1. */
  random(): number;
  /** Returns the config that is served now. */
  config(): Config;
  /** An instance that was closed may run now. */
  onOpened(instance: InstanceName): void;
  /** An instance waits for hooks before it may start, or no longer does. */
  onAwaited(instance: InstanceName, waits: boolean): void;
  /** The hooks that an instance waits for have failed. */
  onHooksFailed(instance: InstanceName): void;
  /** Gives instances that run the secrets of now, under the tenant's lock. */
  onSecretsChanged(tenantId: string): Promise<void>;
  /** Continues a purge whose hooks were interrupted or have failed, under the tenant's lock. @throws {TenementError} */
  continuePurge(tenantId: string, deletion: Deletion): Promise<void>;
  /** Lists the tenants of which an instance has a process, with its services. */
  awake(): Iterable<InstanceName>;
}
