/** Reads connections from /proc/net/unix. On a system without it the answers are empty. */
import { readFileSync } from 'node:fs';
import { withReserve } from '../proc/reserve.ts';

/** Value of the column Flags for a listening socket: __SO_ACCEPTCON (include/linux/net.h). */
const LISTENS = '00010000';
const FLAGS = 3;
const INODE = 6;

/**
 * Counts the connections of the listener bound at each path, both accepted and still in its backlog. An accepted socket
 * bears the name that its listener was bound to, wherever that file was moved since.
 */
export function connectionsByPath(): Map<string, number> {
  return countConnections(unixTable('self'));
}

/** @param table the text of /proc/net/unix, whose columns are `Num RefCount Protocol Flags Type St Inode Path` */
export function countConnections(table: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of table.split('\n')) {
    const slash = line.indexOf(' /');
    if (slash === -1 || line.split(' ', FLAGS + 1)[FLAGS] === LISTENS) continue;
    const path = line.slice(slash + 1);
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return counts;
}

/**
 * Returns the inodes of all listeners with this name, also of a dead process while a descriptor of it is held. `table`
 * as above.
 */
export function listenerInodes(table: string, path: string): string[] {
  const named = table.split('\n').filter((line) => line.endsWith(` ${path}`));
  const listening = named.map((line) => line.split(/ +/, INODE + 1)).filter((fields) => fields[FLAGS] === LISTENS);
  return listening.map((fields) => fields[INODE] ?? '');
}

/** Returns the paths at which listeners were bound, by their inodes. `table` as above. */
export function listeners(table: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of table.split('\n')) {
    const slash = line.indexOf(' /');
    const fields = line.split(/ +/, INODE + 1);
    if (slash !== -1 && fields[FLAGS] === LISTENS) found.set(fields[INODE] ?? '', line.slice(slash + 1));
  }
  return found;
}

/** Returns /proc/net/unix of the network namespace of a process; empty when it cannot be read. */
export function unixTable(pid: number | 'self'): string {
  try {
    return withReserve(() => readFileSync(`/proc/${pid}/net/unix`, 'latin1'));
  } catch {
    return '';
  }
}
