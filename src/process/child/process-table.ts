/** Running and former processes, as the kernel and the file system know them. */
import type { ProcessTable } from '../../core/ports.ts';
import { upstreamSocketPath } from '../../core/service/socket-path.ts';
import { removeBundles, removeSockets } from '../launch/leftovers.ts';
import { isAlive } from '../proc/proc.ts';
import type { ProcessContext } from '../process-context.ts';
import { isBindSocket } from '../sockets/bind-dir.ts';
import { isPublished } from '../sockets/public-socket.ts';
import { connectionsByPath } from '../sockets/unix-sockets.ts';
import { endStrays, strayProcesses } from './strays.ts';

export function createProcessTable(context: ProcessContext): ProcessTable {
  const { settings, fifos } = context;
  return {
    isAlive,
    isPublished: ({ publicSocket, bindSocket }) =>
      publicSocket !== null && isPublished({ publicSocket, upstreamSocket: upstreamSocketPath(bindSocket) }),
    connections: connectionsByPath,
    strays: (isOurs) => strayProcesses(isOurs, settings.dataDir),
    endStrays: (strays) => {
      const pids = new Set(strays.map(({ pid }) => pid));
      // Frozen processes take no signal; with cgroup v1 not even SIGKILL.
      for (const cgroup of context.cgroups().all())
        if (cgroup.pids().some((pid) => pids.has(pid))) cgroup.freeze(false);
      return endStrays(strays);
    },
    sweepSecrets: (running) => context.secretFiles.sweep(running),
    forget: (record, instance) => {
      if (instance === null && !isBindSocket(record.bindSocket)) return;
      removeSockets(record, context);
      if (instance !== null) fifos.remove(instance);
      if (instance !== null) context.secretFiles.remove({ instance, command: null });
      removeBundles(record.bindSocket, context);
      context.cgroups().find(record.cgroup)?.remove();
    },
  };
}
