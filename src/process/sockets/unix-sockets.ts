/** What /proc/net/unix tells of connections. On a system without it the answers are empty. */
import { readFileSync } from 'node:fs';
import { withReserve } from '../proc/reserve.ts';

/** __SO_ACCEPTCON in the column Flags: it listens (include/linux/net.h). */
const LISTENS = '00010000';
const FLAGS = 3;
const INODE = 6;

/**
 * How many connections the listener bound at each path has, accepted or still in its backlog. A socket that was
 * accepted bears the name that its listener was bound to, wherever that file was moved since.
 */
export function connectionsByPath(): Map<string, number> {
  return countConnections(unixTable('self'));
}

/** `table`: the text of /proc/net/unix, whose columns are `Num RefCount Protocol Flags Type St Inode Path`. */
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

/** Of all that listen under that name: also one of a process that has died, while somebody holds it. `table` as above. */
export function listenerInodes(table: string, path: string): string[] {
  const named = table.split('\n').filter((line) => line.endsWith(` ${path}`));
  const listening = named.map((line) => line.split(/ +/, INODE + 1)).filter((fields) => fields[FLAGS] === LISTENS);
  return listening.map((fields) => fields[INODE] ?? '');
}

/** /proc/net/unix as that process sees it, of the network that it is in; empty where it cannot be read. */
export function unixTable(pid: number | 'self'): string {
  try {
    return withReserve(() => readFileSync(`/proc/${pid}/net/unix`, 'latin1'));
  } catch {
    return '';
  }
}
