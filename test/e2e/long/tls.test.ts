/** TLS over crashes of workers and restarts of the server. */
import { readdirSync, readlinkSync } from 'node:fs';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { halfHandshake } from '../../proxy/secure.ts';
import { constantLoad } from '../constant-load.ts';
import { activated, activatedConfig, listeningSocket } from '../listening-sockets.ts';
import { getByHttp2, getSecurely, ownCertificate } from '../secure-server.ts';
import { readProc, serve } from '../support.ts';
import { config, killIfThere, replaced, spawned, workersOf } from '../worker-processes.ts';

const HOST = 'acme.localhost';
/** Handshakes stay open for as long as the test needs. */
const patient = () => config().replace('[proxy]\n', '[proxy]\nheader_timeout = "10m"\n');

test('a worker that is killed in the middle of handshakes ends none of the other worker’s', async () => {
  const server = await spawned(await serve(`${patient()}${ownCertificate(['*.localhost']).table}`), 'acme');
  expect((await getSecurely(server, HOST)).status).toBe(200);
  const begun = Array.from({ length: 24 }, () => halfHandshake(server.tlsPort, HOST));
  const agents = Array.from({ length: 12 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  for (const agent of agents) await getSecurely(server, HOST, '/', agent);
  const [victim = 0, survivor = 0] = workersOf(server);
  for (const { raw } of begun) await expect.poll(() => holderOf(raw, [victim, survivor])).not.toBeNull();
  const others = begun.filter(({ raw }) => holderOf(raw, [victim, survivor]) === survivor);
  const kept = agents.filter((agent) => holderOf(socketOf(agent), [victim, survivor]) === survivor);
  // The kernel spreads connections over the workers.
  expect([others.length > 0, others.length < begun.length, kept.length > 0]).toEqual([true, true, true]);
  const load = constantLoad(kept.length, (client) => getSecurely(server, HOST, '/', kept[client]));
  const strangers = constantLoad(4, () => getSecurely(server, HOST));
  await Promise.all([load.more(20), strangers.more(20)]);
  killIfThere(victim);
  const answers = await Promise.all(others.map((handshake) => handshake.finish('/health')));
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  await Promise.all([load.more(20), strangers.more(20)]);
  await replaced(server, [victim]);
  const { answers: ofKept, failures } = await load.end();
  expect(failures).toEqual([]);
  expect(new Set(ofKept.map(({ status }) => status))).toEqual(new Set([200]));
  const { failures: cut } = await strangers.end();
  // A client has one connection at a time, which the killed worker may have had.
  expect(cut.length).toBeLessThanOrEqual(4);
  expect((await getByHttp2(server, HOST)).status).toBe(200);
  for (const agent of agents) agent.destroy();
  for (const { raw } of begun) raw.destroy();
});

test('a restart under load refuses no connection over TLS and fails no request, when systemd keeps the socket', async () => {
  const server = activated(activatedConfig().replace('[service', `${ownCertificate(['*.localhost']).table}[service`));
  server.sockets = [...server.sockets, listeningSocket('tls')];
  await server.start();
  const tenants = server.processesOf('acme');
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const loads = [
    constantLoad(4, () => getSecurely(server, HOST)),
    constantLoad(4, (client) => getSecurely(server, HOST, '/', agents[client])),
    constantLoad(2, () => getByHttp2(server, HOST)),
  ];
  const more = () => Promise.all(loads.map((load) => load.more(20)));
  for (let restarts = 0; restarts < 2; restarts += 1) {
    await more();
    await server.stop('SIGTERM');
    await server.start();
  }
  await more();
  for (const load of loads) {
    const { answers, failures } = await load.end();
    expect(failures).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  }
  expect(server.processesOf('acme')).toEqual(tenants);
  for (const agent of agents) agent.destroy();
});

function socketOf(agent: Agent): Socket {
  const [socket] = Object.values(agent.freeSockets).flat();
  if (socket === undefined) throw new Error('the connection was not kept');
  return socket;
}

/** Returns which process has the other end of a connection; null: none of them yet. */
function holderOf({ localPort = 0, remotePort = 0 }: Socket, pids: readonly number[]): number | null {
  const [theirs, ours] = [remotePort, localPort].map((port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  const rows = readProc('/proc/net/tcp')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const inode = rows.find(
    ([, local = '', peer = '']) => local.endsWith(theirs ?? '') && peer.endsWith(ours ?? ''),
  )?.[9];
  const holds = (pid: number) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  return pids.find(holds) ?? null;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
