/** Asks ss(8) about direct connections to a tenant. Without ss nothing is known of them. */
import cluster from 'node:cluster';
import { execa } from 'execa';
import { areAtRest, inboundStateOf, type SocketRow } from '../../core/admission/resting.ts';
import type { InboundState } from '../../core/ports.ts';
import { findProgram } from '../launch/wrapper.ts';
import { parseSockets } from './socket-table.ts';

/**
 * Lists all Unix, TCP and UDP sockets, listening or not, one per line, with their owners and, for TCP, when data last
 * moved.
 */
const TABLE = ['-xtunpaiHO'];
const TIMEOUT_MS = 5000;

/** The reading that is under way, shared by all callers: it takes a process. */
let reading: Promise<readonly SocketRow[] | null> | null = null;

/** Tells what has arrived on connections to the listener bound at `path`. */
export async function readInboundState(path: string): Promise<InboundState> {
  const rows = await readOnce();
  return rows === null ? 'closed' : inboundStateOf(rows, path);
}

/** Whether nothing has moved for `quietMs` on the connections to the listeners bound at `paths`; false without ss. */
export async function isAtRest(paths: readonly string[], quietMs: number): Promise<boolean> {
  const rows = await readOnce();
  return rows !== null && areAtRest(rows, paths, quietMs, isOwn);
}

function readOnce(): Promise<readonly SocketRow[] | null> {
  reading ??= readTable().finally(() => {
    reading = null;
  });
  return reading;
}

async function readTable(): Promise<SocketRow[] | null> {
  const options = { reject: false, cleanup: false, stdin: 'ignore', timeout: TIMEOUT_MS } as const;
  const ss = findProgram('ss');
  if (ss === null) return null;
  const { failed, stdout } = await execa(ss, TABLE, options);
  return failed ? null : parseSockets(stdout);
}

function isOwn(pid: number): boolean {
  return pid === process.pid || Object.values(cluster.workers ?? {}).some((worker) => worker?.process.pid === pid);
}
