/** Children and the activation sockets that stand in for them: what one leaves behind, the other takes over. */
import type { ActivationSockets, Launcher } from '../core/ports.ts';
import { createLauncher, type LauncherOptions } from './launch/launcher.ts';
import type { OnActivation } from './sockets/activation-socket.ts';
import { createActivationSockets } from './sockets/activation-sockets.ts';

export interface ProcessesOptions
  extends Omit<LauncherOptions, 'onListenerLeft' | 'logger'>,
    Pick<Required<LauncherOptions>, 'logger'> {
  /** How many activation sockets may be open at once: each is a descriptor. */
  maxActivationSockets(): number;
}

export interface Processes {
  readonly launcher: Launcher;
  readonly activationSockets: ActivationSockets;
  /** Gives each connection to an activation socket to `listener` from now on. Until then they are refused. */
  onActivation(listener: OnActivation): void;
}

export function createProcesses({ maxActivationSockets, ...options }: ProcessesOptions): Processes {
  let activate: OnActivation = (_instance, connection) => void connection.destroy();
  const activationSockets = createActivationSockets({
    logger: options.logger,
    onActivation: (...connection) => activate(...connection),
    maxOpen: maxActivationSockets,
  });
  const launcher = createLauncher({
    ...options,
    onListenerLeft: (instance, fd) => activationSockets.inherit(instance, fd),
  });
  const onActivation = (listener: OnActivation) => {
    activate = listener;
  };
  return { launcher, activationSockets, onActivation };
}
