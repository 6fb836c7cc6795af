/** Servers with proxy workers, and what tests do to the workers. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect } from 'vitest';
import { readProc, serve, type TestServer } from './support.ts';

export const config = (domain = 'localhost') =>
  `[proxy]\nworkers = 2\ndefault_service = "app"\ndomain = "${domain}"\n[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n`;

/** Lists children of the server that are no tenants. */
export function workersOf(server: TestServer): number[] {
  const children = readProc(`/proc/${server.pid}/task/${server.pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => readProc(`/proc/${pid}/cmdline`).includes('proxy worker'));
}

/** Settles when the same number of other workers runs. */
export async function replaced(server: TestServer, before: readonly number[]): Promise<void> {
  await expect.poll(() => workersOf(server).filter((pid) => !before.includes(pid))).toHaveLength(before.length);
}

/** Ends the workers until the test holds their port. */
export async function takePortOf(server: TestServer): Promise<Server> {
  for (;;) {
    for (const pid of workersOf(server)) killIfThere(pid);
    const taker = createServer((socket) => socket.destroy()).listen(server.proxyPort, '127.0.0.1');
    if (await once(taker, 'listening').then(Boolean, () => false)) return taker;
  }
}

export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The worker has ended meanwhile.
  }
}

/** The status; 0 without a response. */
export function statusOrNone(server: TestServer, host = 'acme.localhost'): Promise<number> {
  return server.get(host).then(
    ({ status }) => status,
    () => 0,
  );
}

export const statusesOf = async (answers: Promise<{ status: number }>[]) =>
  new Set((await Promise.all(answers)).map(({ status }) => status));

export async function served(): Promise<TestServer> {
  return spawned(await serve(config()), 'acme');
}

/** Returns the server with an instance for one test, once both workers run. */
export async function spawned(server: TestServer, id: string, service = 'app'): Promise<TestServer> {
  await server.cli('spawn', service, '--id', id, '--no-start');
  await expect.poll(() => workersOf(server)).toHaveLength(2);
  return server;
}
