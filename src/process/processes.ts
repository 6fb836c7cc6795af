/** Wires children to activation sockets: connections that an ended child leaves behind go to an activation socket. */
import type { ActivationSockets, Launcher, ProcessHost, ProcessTable, TenantDirectories } from '../core/ports.ts';
import { createProcessTable } from './child/process-table.ts';
import { createLauncher } from './launch/launcher.ts';
import { runHelper, type TenantHelpers } from './launch/tenant-helper.ts';
import { createProcessContext, type ProcessContext, type ProcessOptions } from './process-context.ts';
import { createProcessHost } from './process-host.ts';
import type { OnActivation } from './sockets/activation-socket.ts';
import { createActivationSockets } from './sockets/activation-sockets.ts';
import type { OnSelfConnection } from './sockets/self-sockets.ts';
import { createTenantDirectories } from './storage/tenant-directories.ts';

export interface ProcessesOptions
  extends Omit<ProcessOptions, 'onListenerLeft' | 'onSelfConnection' | 'logger'>,
    Pick<Required<ProcessOptions>, 'logger'> {
  /** How many activation sockets may be open at once: each is a descriptor. */
  maxActivationSockets(): number;
}

export interface Copying extends Pick<ProcessContext, 'settings' | 'users' | 'trash'> {
  readonly run: TenantHelpers;
}

export interface Processes {
  readonly host: ProcessHost;
  readonly launcher: Launcher;
  readonly processTable: ProcessTable;
  readonly tenantDirectories: TenantDirectories;
  /** What copies of tenants' directories are made with. */
  readonly copying: Copying;
  readonly activationSockets: ActivationSockets;
  /** Gives each connection to an activation socket to `listener` from now on. Until then they are refused. */
  onActivation(listener: OnActivation): void;
  /** Gives each connection to an instance's own socket to `listener` from now on. Until then they are closed. */
  onSelfConnection(listener: OnSelfConnection): void;
}

export function createProcesses({ maxActivationSockets, ...options }: ProcessesOptions): Processes {
  let activate: OnActivation = (_instance, connection) => void connection.destroy();
  const activationSockets = createActivationSockets({
    logger: options.logger,
    onActivation: (...connection) => activate(...connection),
    maxOpen: maxActivationSockets,
  });
  let serveSelf: OnSelfConnection = (_instance, connection) => void connection.destroy();
  const context = createProcessContext({
    ...options,
    onSelfConnection: (...connection) => serveSelf(...connection),
    onListenerLeft: (instance, fd) => activationSockets.inherit(instance, fd),
  });
  const onActivation = (listener: OnActivation) => {
    activate = listener;
  };
  return {
    host: createProcessHost(context),
    launcher: createLauncher(context),
    processTable: createProcessTable(context),
    tenantDirectories: createTenantDirectories(context),
    copying: { ...context, run: (request) => runHelper(request, context) },
    activationSockets,
    onActivation,
    onSelfConnection: (listener) => {
      serveSelf = listener;
    },
  };
}
