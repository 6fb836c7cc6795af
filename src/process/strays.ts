/** Processes of an earlier server that no record names: found by their environment, ended without asking. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../core/instance.ts';
import { allEnvironments, isAlive } from './proc.ts';

const POLL_MS = 5;
const KILL_WAIT_MS = 5000;

export interface Stray extends ProcessIdentity {
  /** The SOCKET_PATH that it was started with. */
  readonly bindSocket: string;
}

/** All whose DATA_DIR lies in `dataDir` and that were told to bind one of our sockets. One look at /proc. */
export function strayProcesses(isOurs: (bindSocket: string) => boolean, dataDir: string): Stray[] {
  const strays: Stray[] = [];
  for (const { identity, entries } of allEnvironments()) {
    const bindSocket = valueIn(entries, 'SOCKET_PATH');
    const tenantDir = valueIn(entries, 'DATA_DIR');
    if (bindSocket === null || !tenantDir?.startsWith(`${dataDir}/`) || !isOurs(bindSocket)) continue;
    strays.push({ ...identity, bindSocket });
  }
  return strays;
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

function valueIn(entries: readonly string[], name: string): string | null {
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}
