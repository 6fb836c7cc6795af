/**
 * The public socket of an instance, and who listens there: if it is `proxied`, tenement; otherwise its process while
 * that is ready, and the activation socket while it is not.
 */
import { hasProcess, type InstanceName, type ProcessRecord } from '../../core/lifecycle/instance.ts';
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

/** `found`: a process that an earlier server started. */
interface Processes {
  readonly launched: LaunchedProcess | null;
  readonly found: LaunchedProcess | null;
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
    else if (access.publicSocket === 'proxied') {
      activationSockets.open(name, this.configured, access, hasProcess(state));
    } else if (state === 'ready') activationSockets.retire(name);
    // A process that was taken back keeps serving while it is probed.
    else if (state === 'starting' && found !== null && processTable.isPublished(found.record)) return;
    else activationSockets.open(name, this.configured, access, false);
  }

  /**
   * Applies a changed `public_socket` to what runs. At each moment somebody listens who lets every client connect.
   * Returns why that failed, or null.
   */
  switch(lifecycle: Lifecycle, { launched, found }: Processes, service: ServiceConfig): string | null {
    const isProxied = service.publicSocket === 'proxied';
    if (isProxied) this.update(lifecycle, found, service);
    const reason = launched?.expose(service, lifecycle.state === 'ready') ?? null;
    // Without the process's socket, the activation socket remains.
    if (!isProxied && reason === null) this.update(lifecycle, found, service);
    return reason;
  }
}
