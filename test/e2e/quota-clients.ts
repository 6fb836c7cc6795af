/** Servers whose plans bound requests, and clients that ask for more. */
import { Agent } from 'node:http';
import { readProc, serve, type TestServer } from './support.ts';
import type { Answer } from './test-server.ts';

export const config = (plan: string, workers = 1, more = '') =>
  `[proxy]\nworkers = ${workers}\ndefault_service = "app"\n[tenants]\ndefault_plan = "free"\n[plan.free]\n${plan}\n` +
  `[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_timeout = 0\n${more}`;

export async function withTenant(toml: string, ...options: string[]): Promise<TestServer> {
  const server = await serve(toml);
  await server.cli('spawn', 'app', '--id', 'acme', ...options);
  return server;
}

/** The connection was lost. */
export const NO_ANSWER: Answer = { status: 0, headers: {}, body: '' };

/** Lists the proxy workers of a server. */
export function workersOf(server: TestServer): number[] {
  const children = readProc(`/proc/${server.pid}/task/${server.pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => readProc(`/proc/${pid}/cmdline`).includes('proxy worker'));
}

/** Sends requests on kept connections, each client one after the other, until all of them were sent. */
export function flood(server: TestServer, { clients, requests }: { clients: number; requests: number }) {
  let left = requests;
  return floodWhile(server, clients, () => {
    left -= 1;
    return left >= 0;
  });
}

/** Sends requests on kept connections, each client one after the other, until one of them is refused. */
export function floodUntilRefused(server: TestServer, clients: number) {
  return floodWhile(server, clients, (answers) => countOf(answers, 429) === 0);
}

async function floodWhile(server: TestServer, clients: number, goesOn: (answers: readonly Answer[]) => boolean) {
  const answers: Answer[] = [];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (goesOn(answers)) answers.push(await server.get('acme.localhost', '/', { agent }).catch(() => NO_ANSWER));
      agent.destroy();
    }),
  );
  return answers;
}

export const countOf = (answers: readonly Answer[], status: number) =>
  answers.filter((one) => one.status === status).length;
