/** Processes of an earlier server that no record names. Their environment identifies them, and SIGKILL ends them. */
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { hasBindSocketForm } from '../../core/service/socket-path.ts';
import { isAlive } from '../proc/proc.ts';
import { lookAtProcesses } from '../proc/process-snapshot.ts';

const POLL_MS = 5;
const KILL_WAIT_MS = 5000;

export interface Stray extends ProcessIdentity {
  /** SOCKET_PATH that it was started with. */
  readonly bindSocket: string;
}

/**
 * Finds all processes that have a tenant's DATA_DIR below `dataDir` and were told to bind one of this server's sockets.
 * A command that an operator runs for an instance has a SOCKET_PATH of another form.
 */
export async function strayProcesses(isOurs: (bindSocket: string) => boolean, dataDir: string): Promise<Stray[]> {
  const strays: Stray[] = [];
  const uid = process.getuid?.() ?? 0;
  for (const { pid, startTicks, socketPath, dataDir: tenantDir } of (await lookAtProcesses()).marked()) {
    if (socketPath === null || tenantDir === null || dirname(tenantDir) !== dataDir || !isOurs(socketPath)) continue;
    if (!hasBindSocketForm(socketPath, uid)) continue;
    strays.push({ pid, startTicks, bindSocket: socketPath });
  }
  return strays;
}

/** Returns the pids of tenants of a data directory that were told to bind below `dir`. */
export async function tenantsBoundIn(dir: string, dataDir: string): Promise<number[]> {
  const tenants = await strayProcesses((bindSocket) => bindSocket.startsWith(`${dir}/`), dataDir);
  return tenants.map(({ pid }) => pid);
}

/** Sends SIGKILL to each; settles when all are gone, or after 5 s. */
export async function endStrays(strays: readonly ProcessIdentity[]): Promise<void> {
  for (const stray of strays) kill(stray);
  const deadlineMs = performance.now() + KILL_WAIT_MS;
  while (strays.some(isAlive) && performance.now() < deadlineMs) await delay(POLL_MS);
}

function kill(stray: ProcessIdentity): void {
  try {
    if (isAlive(stray)) process.kill(stray.pid, 'SIGKILL');
  } catch {
    // The process is gone already.
  }
}
