/** Asks ss(8) whether connections straight to a tenant are at rest. Where there is no ss, none is known to be. */
import cluster from 'node:cluster';
import { execa } from 'execa';
import { areAtRest, parseSockets, type SocketRow } from '../core/resting.ts';

/** All Unix, TCP and UDP sockets, listening or not, a line each, with who holds them and, of TCP, when data moved. */
const TABLE = ['-xtunpaiHO'];
const TIMEOUT_MS = 5000;

/** One reading for all that ask meanwhile: it takes a process. */
let reading: Promise<readonly SocketRow[] | null> | null = null;

/** @param quietMs for how long nothing has moved on the connections to the listeners bound at `paths` */
export async function isAtRest(paths: readonly string[], quietMs: number): Promise<boolean> {
  reading ??= readTable().finally(() => {
    reading = null;
  });
  const rows = await reading;
  return rows !== null && areAtRest(rows, paths, quietMs, isOwn);
}

async function readTable(): Promise<SocketRow[] | null> {
  const { failed, stdout } = await execa('ss', TABLE, { reject: false, stdin: 'ignore', timeout: TIMEOUT_MS });
  return failed ? null : parseSockets(stdout);
}

function isOwn(pid: number): boolean {
  return pid === process.pid || Object.values(cluster.workers ?? {}).some((worker) => worker?.process.pid === pid);
}
