/** Where an instance is reached, and who answers there: its process while that is ready, else the activation socket. */
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
  /** Those that its next process will have. */
  configured: InstancePaths;
  private readonly options: PublicEndpointOptions;

  /** @throws {TenementError} `socket_path_too_long`, `bad_config` */
  constructor(options: PublicEndpointOptions, service: ServiceConfig) {
    this.options = options;
    this.configured = options.launcher.paths(service, options.tenantId);
  }

  /** @throws {TenementError} `socket_path_too_long`, `bad_config` */
  renew(service: ServiceConfig): void {
    this.configured = this.options.launcher.paths(service, this.options.tenantId);
  }

  /** Those of its process, while it has one; else those that the next will have. */
  pathsOf(record: ProcessRecord | null): InstancePaths {
    if (record === null) return this.configured;
    return { ...this.configured, publicSocket: record.publicSocket, bindSocket: record.bindSocket };
  }

  /** Somebody answers there. `found`: a process that an earlier server started. */
  mind({ state, over }: Lifecycle, found: LaunchedProcess | null, access: ServiceConfig): void {
    const { name, processTable, activationSockets } = this.options;
    if (over) activationSockets.remove(name);
    else if (state === 'ready') activationSockets.retire(name);
    // One that was taken back serves on while it is probed.
    else if (state === 'starting' && found !== null && processTable.isPublished(found.record)) return;
    else activationSockets.open(name, this.configured, access);
  }
}
