/**
 * The public socket of an instance, and who listens there: its process while that is ready, otherwise the activation
 * socket.
 */
import type { InstanceName, ProcessRecord } from '../../core/lifecycle/instance.ts';
import type { Lifecycle } from '../../core/lifecycle/lifecycle-events.ts';
import type { ActivationSockets, InstancePaths, LaunchedProcess, Launcher, ProcessTable } from '../../core/ports.ts';
import type { ServiceConfig } from '../../core/service/service.ts';

export interface PublicEndpointOptions {
  readonly name: InstanceName;
  readonly tenantId: string;
  readonly launcher: Pick<Launcher, 'paths'>;
  readonly processTable: Pick<ProcessTable, 'isPublished'>;
  readonly activationSockets: Pick<ActivationSockets, 'open' | 'retire' | 'remove'>;
}

export class PublicEndpoint {
  /** Paths of the next process. */
  configured: InstancePaths;
  private readonly options: PublicEndpointOptions;

  /** @throws {TenementError} `socket_path_too_long`, `bad_config` */
  constructor(options: PublicEndpointOptions, service: ServiceConfig) {
    this.options = options;
    this.configured = options.launcher.paths(service, options.tenantId);
  }

  /** Sets the paths for a changed config. @throws {TenementError} `socket_path_too_long`, `bad_config` */
  renew(service: ServiceConfig): void {
    this.configured = this.options.launcher.paths(service, this.options.tenantId);
  }

  /** Returns the paths of its process; without one, those of the next process. */
  pathsOf(record: ProcessRecord | null): InstancePaths {
    if (record === null) return this.configured;
    return { ...this.configured, publicSocket: record.publicSocket, bindSocket: record.bindSocket };
  }

  /** Makes sure that somebody listens there. @param found a process that an earlier server started */
  update({ state, over }: Lifecycle, found: LaunchedProcess | null, access: ServiceConfig): void {
    const { name, processTable, activationSockets } = this.options;
    if (over) activationSockets.remove(name);
    else if (state === 'ready') activationSockets.retire(name);
    // A process that was taken back keeps serving while it is probed.
    else if (state === 'starting' && found !== null && processTable.isPublished(found.record)) return;
    else activationSockets.open(name, this.configured, access);
  }
}
