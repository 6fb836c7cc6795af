/**
 * Decides whether connections to a socket are at rest: a front server keeps them for its next request, and nobody waits
 * for anything. From outside they look like silent WebSockets, but the front server of a WebSocket has an equally
 * silent client connection. Pure.
 */
import type { InboundState } from '../ports.ts';

/** One row of the system's table of sockets. */
export interface SocketRow {
  readonly kind: 'unix' | 'tcp' | 'udp';
  readonly listens: boolean;
  /** Unread bytes; of a listener, connections that it has not accepted. */
  readonly unread: number;
  /** Path or `*` of a Unix socket, otherwise address and port. */
  readonly local: string;
  /** Only for Unix sockets. */
  readonly inode: string;
  readonly peerInode: string;
  /** Processes that hold it; empty when that is not permitted to know. */
  readonly pids: readonly number[];
  /** Time since data last moved over it; only for TCP. */
  readonly movedMsAgo: number | null;
}

/**
 * Whether all connections to the listeners bound at `paths` are at rest, given that nothing has moved on them for
 * `quietMs`. That is so when each belongs to a server, all of whose clients have moved data since. false when that is
 * unknown. |
 * @param isOwn whether a process is tenement's: its connections are known, or came in at one of `paths`
 */
export function areAtRest(
  rows: readonly SocketRow[],
  paths: readonly string[],
  quietMs: number,
  isOwn: (pid: number) => boolean,
): boolean {
  const byInode = new Map(rows.filter(({ kind }) => kind === 'unix').map((row) => [row.inode, row]));
  const ends = rows.filter((row) => row.kind === 'unix' && !row.listens && paths.includes(row.local));
  return ends.every(({ peerInode }) => {
    const holders = byInode.get(peerInode)?.pids ?? [];
    return holders.length > 0 && holders.every((pid) => isOwn(pid) || hasNoSilentClient(rows, pid, quietMs));
  });
}

/** Tells whether a process that does not run has input on connections to the listener bound at `path`. */
export function inboundStateOf(rows: readonly SocketRow[], path: string): InboundState {
  const inodes = new Set(rows.filter(({ kind }) => kind === 'unix').map(({ inode }) => inode));
  const here = rows.filter((row) => row.kind === 'unix' && row.local === path);
  if (here.some(({ unread }) => unread > 0)) return 'unread';
  return here.some(({ listens, peerInode }) => !listens && inodes.has(peerInode)) ? 'open' : 'closed';
}

function hasNoSilentClient(rows: readonly SocketRow[], pid: number, quietMs: number): boolean {
  const held = rows.filter(({ pids }) => pids.includes(pid));
  const listening = held.filter(({ listens }) => listens);
  // A process that does not listen is a client itself.
  if (listening.length === 0) return false;
  const ports = new Set(listening.filter(({ kind }) => kind === 'tcp').map(portOf));
  // Clients of HTTP/3 have no visible connection.
  if (listening.some((row) => row.kind === 'udp' && ports.has(portOf(row)))) return false;
  return held.every((row) => row.listens || !isInbound(row, ports) || hasMovedWithin(row, quietMs));
}

function isInbound(row: SocketRow, ports: ReadonlySet<string>): boolean {
  return row.kind === 'unix' ? row.local !== '*' : ports.has(portOf(row));
}

function hasMovedWithin({ movedMsAgo }: SocketRow, ms: number): boolean {
  return movedMsAgo !== null && movedMsAgo < ms;
}

function portOf({ local }: SocketRow): string {
  return local.slice(local.lastIndexOf(':') + 1);
}
