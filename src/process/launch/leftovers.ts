/** Files that serve one process only: its sockets, its FIFOs, its bundle. */
import type { ProcessRecord } from '../../core/lifecycle/instance.ts';
import type { LaunchRequest } from '../../core/ports.ts';
import { upstreamSocketPath } from '../../core/service/socket-path.ts';
import { removeBundle } from '../isolation/runsc/bundle.ts';
import type { ProcessContext } from '../process-context.ts';
import { removeBindDir } from '../sockets/bind-dir.ts';
import { withdrawSocket } from '../sockets/public-socket.ts';

/** Removes the FIFOs and the bundle of a process. */
export function removeOutputFiles({ instance, paths }: LaunchRequest, context: ProcessContext): void {
  context.fifos.remove(instance);
  removeBundles(paths.bindSocket, context);
}

/** Removes the bundle of a process, which is in memory if it has secrets. */
export function removeBundles(
  bindSocket: string,
  { settings, secretFiles }: Pick<ProcessContext, 'settings' | 'secretFiles'>,
): void {
  for (const parent of [settings.stateDir, secretFiles.memoryDir]) removeBundle({ parent, bindSocket });
}

type Sockets = Pick<ProcessRecord, 'publicSocket' | 'bindSocket'>;

/** Removes the sockets of a process that has ended. A failure is logged; the next start does not depend on it. */
export function removeSockets(
  { publicSocket, bindSocket }: Sockets,
  { trash, logger }: Pick<ProcessContext, 'trash' | 'logger'>,
): void {
  try {
    withdrawSocket(upstreamSocketPath(bindSocket), publicSocket, trash);
    removeBindDir(bindSocket, trash);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error({ bindSocket, reason }, 'the sockets of an ended process could not be removed');
  }
}
