/**
 * A second descriptor of the socket that a tenant listens on. When the tenant's process dies, the kernel refuses no
 * connection: clients wait in the socket's queue until tenement accepts them from there.
 */
import { closeSync } from 'node:fs';
import type { ProcessIdentity } from '../../../core/lifecycle/instance.ts';
import { duplicateOf } from '../../child/pidfd.ts';
import { descendantsOf } from '../../proc/descendants.ts';
import { descriptorsOf, openedAs } from '../../proc/proc.ts';
import { lookAtProcesses } from '../../proc/process-snapshot.ts';
import { listenerInodes, unixTable } from '../unix-sockets.ts';

export interface HeldListener {
  readonly fd: number;
  /** Whether the tenant still has the socket open. */
  isShared(): boolean;
  close(): void;
}

/** Duplicates the socket that a process, or a descendant, listens on at `path`; null when that fails. */
export async function holdListener(leader: ProcessIdentity, path: string): Promise<HeldListener | null> {
  const holder = await holderOf(leader, path);
  const fd = holder === null ? null : duplicateOf(holder.pid, holder.fd);
  if (holder === null || fd === null) return null;
  // The descriptor may have been reused between the look and the call.
  if (openedAs(process.pid, fd) !== holder.socket) {
    closeSync(fd);
    return null;
  }
  return { fd, isShared: () => openedAs(holder.pid, holder.fd) === holder.socket, close: () => closeSync(fd) };
}

/** The leader and its descendants are looked at first; all processes only when none of these holds the socket. */
async function holderOf(leader: ProcessIdentity, path: string): Promise<Holder | null> {
  const nearest = [leader.pid, ...(descendantsOf(leader.pid) ?? [])];
  const family = async () => (await lookAtProcesses()).familyOf(leader).map(({ pid }) => pid);
  return holderAmong(nearest, path) ?? holderAmong(await family(), path);
}

interface Holder {
  readonly pid: number;
  readonly fd: number;
  /** Link text in /proc/PID/fd: `socket:[INODE]`. */
  readonly socket: string;
}

function holderAmong(pids: readonly number[], path: string): Holder | null {
  for (const pid of pids) {
    const sockets = new Set(listenerInodes(unixTable(pid), path).map((inode) => `socket:[${inode}]`));
    const fd = sockets.size === 0 ? undefined : descriptorsOf(pid).find((one) => sockets.has(openedAs(pid, one)));
    if (fd !== undefined) return { pid, fd, socket: openedAs(pid, fd) };
  }
  return null;
}
