/**
 * A second descriptor of the socket that a tenant listens on. When its process dies, the kernel refuses nobody: those
 * who connect wait in the socket's queue, until tenement takes them in from there.
 */
import { closeSync } from 'node:fs';
import { duplicateOf } from './pidfd.ts';
import { family } from './port.ts';
import { descriptorsOf, openedAs } from './proc.ts';
import { listenerInodes, unixTable } from './unix-sockets.ts';

export interface HeldListener {
  readonly fd: number;
  /** Whether the tenant still has it open, too. */
  isShared(): boolean;
  close(): void;
}

/** Of what a process, or one that it started, listens on under the name `path`; null when it cannot be had. */
export function holdListener(leaderPid: number, path: string): HeldListener | null {
  const holder = holderAmong([leaderPid], path) ?? holderAmong(family(leaderPid), path);
  const fd = holder === null ? null : duplicateOf(holder.pid, holder.fd);
  if (holder === null || fd === null) return null;
  // Between the look and the call it may have become another.
  if (openedAs(process.pid, fd) !== holder.socket) {
    closeSync(fd);
    return null;
  }
  return { fd, isShared: () => openedAs(holder.pid, holder.fd) === holder.socket, close: () => closeSync(fd) };
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
