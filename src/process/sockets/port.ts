/** Ports for `listen = "port"`: finds free ones, and tells whose process listens there. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { endianness } from 'node:os';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { descendantsOf } from '../proc/descendants.ts';
import { descriptorsOf, openedAs } from '../proc/proc.ts';
import { lookAtProcesses } from '../proc/process-snapshot.ts';
import { withReserve } from '../proc/reserve.ts';

/** State `LISTEN` in /proc/net/tcp (include/net/tcp_states.h). */
const TCP_LISTEN = '0A';
/** The addresses at which a connection to 127.0.0.1 arrives, as /proc/net/tcp and tcp6 write them (host byte order). */
const REACHED_BY_LOOPBACK = new Set([
  loopbackAddress([127, 0, 0, 1]),
  '0'.repeat(8),
  '0'.repeat(32),
  `${'0'.repeat(16)}${loopbackAddress([0, 0, 255, 255])}${loopbackAddress([127, 0, 0, 1])}`,
]);

/** Ports that were handed out and not returned, so that two starts at once never share one. */
const taken = new Set<number>();

/** Returns a free port on 127.0.0.1; return it with `releasePort`. */
export async function takePort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}

/** Marks the port of a running process as taken, so that no start gets it. */
export function keepPort(port: number): void {
  taken.add(port);
}

export function releasePort(port: number): void {
  taken.delete(port);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Whether everything that answers on a port of 127.0.0.1 belongs to the child: to a process of its group or session, or
 * to a descendant. A stranger, or a survivor of another tenant, must never answer for this one. true without /proc.
 */
export async function listenerBelongsTo(port: number, child: ProcessIdentity): Promise<boolean> {
  const inodes = await listeningInodes(port);
  if (inodes === null) return true;
  if (inodes.size === 0) return false;
  if (holdAll([child.pid, ...(descendantsOf(child.pid) ?? [])], inodes)) return true;
  return holdAll(pidsOf((await lookAtProcesses()).familyOf(child)), inodes);
}

function pidsOf(some: readonly ProcessIdentity[]): number[] {
  return some.map(({ pid }) => pid);
}

/** Stops as soon as all inodes are found, because a tenant may have many processes with many descriptors. */
function holdAll(pids: readonly number[], inodes: ReadonlySet<string>): boolean {
  const missing = new Set(inodes);
  for (const pid of pids) {
    for (const fd of descriptorsOf(pid)) {
      missing.delete(openedAs(pid, fd));
      if (missing.size === 0) return true;
    }
  }
  return false;
}

function loopbackAddress(bytes: readonly number[]): string {
  const ordered = endianness() === 'LE' ? bytes.toReversed() : bytes;
  return Buffer.from(ordered).toString('hex').toUpperCase();
}

async function listeningInodes(port: number): Promise<Set<string> | null> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  let readable = false;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = await readLines(file);
    if (lines === null) continue;
    readable = true;
    for (const line of lines.slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [address = '', at] = fields[1]?.split(':') ?? [];
      if (at !== wanted || fields[3] !== TCP_LISTEN || !REACHED_BY_LOOPBACK.has(address)) continue;
      if (fields[9] !== undefined) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  return readable ? inodes : null;
}

async function readLines(file: string): Promise<string[] | null> {
  try {
    // Read off the event loop: on a host with many connections the kernel takes long to produce the file.
    const text = await readFile(file, 'latin1').catch(() => withReserve(() => readFileSync(file, 'latin1')));
    return text.trimEnd().split('\n');
  } catch {
    return null;
  }
}
