/** Sockets that the test opens and keeps, as systemd does for a service. */
import { Agent } from 'node:http';
import { BoundSocket } from 'node:net';
import { onTestFinished } from 'vitest';
import { loadExperimental } from '../../src/node/experimental.ts';
import { constantLoad, type Load } from './constant-load.ts';
import { temporaryDirectory, writeConfig } from './support.ts';
import { TestServer } from './test-server.ts';

const BACKLOG = 4096;

export interface ListeningSocket {
  readonly name: string;
  readonly fd: number;
  readonly port: number;
}

/** Listens on a port of 127.0.0.1 until the test ends. Nobody accepts in the test's process. */
export function listeningSocket(name: string): ListeningSocket {
  const bound = new BoundSocket({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => bound.close());
  const fd = bound.fd();
  // Node cannot listen without accepting.
  const signature = { arguments: ['i32', 'i32'], return: 'i32' } as const;
  const { functions } = loadExperimental('node:ffi').dlopen(null, { listen: signature });
  if (functions.listen(fd, BACKLOG) !== 0) throw new Error('the socket does not listen');
  return { name, fd, port: bound.address().port };
}

/** A server that has not been started, whose proxy and API have sockets that outlive it. */
export function activated(toml: string, args: readonly string[] = []): TestServer {
  const dir = temporaryDirectory();
  const configFile = `${dir}/tenement.toml`;
  writeConfig(configFile, toml);
  const server = new TestServer(dir, configFile, args);
  onTestFinished(() => server.dispose());
  server.sockets = [listeningSocket('proxy'), listeningSocket('api')];
  return server;
}

export const activatedConfig = (more = '') =>
  `on_exit = "keep"\n[proxy]\n${more}\n[service.app]\ncommand = "node {fixtures}/tenant.mjs"\n[instances]\napp = ["acme"]\n`;

export interface Clients {
  /** Each request has a connection of its own. */
  readonly plain: Load;
  /** Each client has one connection for all its requests. */
  readonly kept: Load;
}

export function clientsOf(server: TestServer): Clients {
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  onTestFinished(() => {
    for (const agent of agents) agent.destroy();
  });
  const ask = (agent?: Agent) => server.get('acme.localhost', '/', agent === undefined ? {} : { agent });
  return {
    plain: constantLoad(4, () => ask()),
    kept: constantLoad(4, (client) => ask(agents[client])),
  };
}

export async function endOf({ plain, kept }: Clients) {
  const all = await Promise.all([plain.end(), kept.end()]);
  return {
    failures: all.flatMap(({ failures }) => failures),
    statuses: new Set(all.flatMap(({ answers }) => answers.map(({ status }) => status))),
  };
}

export async function someMore({ plain, kept }: Clients): Promise<void> {
  await Promise.all([plain.more(20), kept.more(20)]);
}
