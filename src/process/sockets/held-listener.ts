/**
 * A second descriptor of the socket that a tenant listens on. When its process dies, the kernel refuses nobody: those
 * who connect wait in the socket's queue, until tenement takes them in from there.
 */
import { closeSync } from 'node:fs';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { duplicateOf } from '../child/pidfd.ts';
import { descendantsOf } from '../proc/descendants.ts';
import { descriptorsOf, openedAs } from '../proc/proc.ts';
import { lookAtProcesses } from '../proc/process-table.ts';
import { listenerInodes, unixTable } from './unix-sockets.ts';

export interface HeldListener {
  readonly fd: number;
  /** Whether the tenant still has it open, too. */
  isShared(): boolean;
  close(): void;
}

/** Of what a process, or one that it started, listens on under the name `path`; null when it cannot be had. */
export async function holdListener(leader: ProcessIdentity, path: string): Promise<HeldListener | null> {
  const holder = await holderOf(leader, path);
  const fd = holder === null ? null : duplicateOf(holder.pid, holder.fd);
  if (holder === null || fd === null) return null;
  // Between the look and the call it may have become another.
  if (openedAs(process.pid, fd) !== holder.socket) {
    closeSync(fd);
    return null;
  }
  return { fd, isShared: () => openedAs(holder.pid, holder.fd) === holder.socket, close: () => closeSync(fd) };
}

/** Mostly the leader, or a descendant of it: only for another is everybody looked at. */
async function holderOf(leader: ProcessIdentity, path: string): Promise<Holder | null> {
  const nearest = [leader.pid, ...(descendantsOf(leader.pid) ?? [])];
  const family = async () => (await lookAtProcesses()).familyOf(leader).map(({ pid }) => pid);
  return holderAmong(nearest, path) ?? holderAmong(await family(), path);
}

interface Holder {
  readonly pid: number;
  readonly fd: number;
  /** `socket:[INODE]` */
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
