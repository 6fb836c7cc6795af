/** Parses the system's table of sockets as `ss -xtunpaiHO` prints it (ss(8)). */
import type { SocketRow } from '../../core/admission/resting.ts';

const KINDS: Readonly<Record<string, SocketRow['kind']>> = { u_str: 'unix', u_seq: 'unix', tcp: 'tcp', udp: 'udp' };
/**
 * Columns: Netid State Recv-Q Send-Q, then for Unix sockets path inode path inode, otherwise local and peer address.
 */
const ROW = /^(\S+)\s+(\S+)\s+(\d+)\s+\d+\s+(.*)$/;
const UNIX_ENDS = /^(.+?) (\d+)\s+(?:.+?) (\d+)(?:\s|$)/;
const HOLDER = /pid=(\d+)/g;
const MOVED = /\blast(?:snd|rcv):(\d+)/g;

export function parseSockets(text: string): SocketRow[] {
  return text.split('\n').flatMap((line) => parseRow(line) ?? []);
}

function parseRow(line: string): SocketRow | null {
  const [, netid = '', state = '', unread = '', rest = ''] = ROW.exec(line) ?? [];
  const kind = KINDS[netid];
  if (kind === undefined) return null;
  const [, path = '', inode = '', peerInode = ''] = kind === 'unix' ? (UNIX_ENDS.exec(rest) ?? []) : [];
  const moved = Array.from(rest.matchAll(MOVED), ([, ms]) => Number(ms));
  return {
    kind,
    listens: state === 'LISTEN' || (kind === 'udp' && state === 'UNCONN'),
    unread: Number(unread),
    local: kind === 'unix' ? path : (rest.split(/\s/, 1)[0] ?? ''),
    inode,
    peerInode,
    pids: Array.from(rest.matchAll(HOLDER), ([, pid]) => Number(pid)),
    movedMsAgo: moved.length === 0 ? null : Math.min(...moved),
  };
}
