/** Processes of an earlier server that no record names: found by their environment, ended without asking. */
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { hasBindSocketForm } from '../../core/service/socket-path.ts';
import { isAlive } from '../proc/proc.ts';
import { lookAtProcesses } from '../proc/process-table.ts';

const POLL_MS = 5;
const KILL_WAIT_MS = 5000;

export interface Stray extends ProcessIdentity {
  /** The SOCKET_PATH that it was started with. */
  readonly bindSocket: string;
}

/**
 * All whose DATA_DIR is a tenant's of `dataDir` and that were told to bind one of our sockets. A command that an operator
 * runs in an instance's place has a SOCKET_PATH of another form.
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

/** Pids of tenants of a data directory that were told to bind below `dir`. */
export async function tenantsBoundIn(dir: string, dataDir: string): Promise<number[]> {
  const tenants = await strayProcesses((bindSocket) => bindSocket.startsWith(`${dir}/`), dataDir);
  return tenants.map(({ pid }) => pid);
}

/** SIGKILL; settles when they are gone. */
export async function endStrays(strays: readonly ProcessIdentity[]): Promise<void> {
  for (const stray of strays) kill(stray);
  const deadlineMs = performance.now() + KILL_WAIT_MS;
  while (strays.some(isAlive) && performance.now() < deadlineMs) await delay(POLL_MS);
}

function kill(stray: ProcessIdentity): void {
  try {
    if (isAlive(stray)) process.kill(stray.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
