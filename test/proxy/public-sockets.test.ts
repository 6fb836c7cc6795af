/** Connections to an activation socket, and the buffers between them and the tenant. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Admission, Lease } from '../../src/core/admission/serving.ts';
import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import { ProxySettingsPublisher } from '../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS } from '../../src/core/service/service.ts';
import { Traffic } from '../../src/core/usage/traffic.ts';
import { silentLogger } from '../../src/logger.ts';
import { PublicSockets } from '../../src/proxy/public-sockets.ts';
import { Buffered, SIDE_BYTES } from './buffered.ts';
import { FakeSource, pour, settingsOf } from './support.ts';

const SIZE = 48 * 1024 * 1024;

/** An activation socket before a tenant, and one connected client; `claim` grants its lease. */
async function rung(claim: (grant: () => Lease) => Admission | Promise<Admission>, tenant: (socket: Socket) => void) {
  const dir = await mkdtemp(join(tmpdir(), 'tnm-'));
  const ends = new Set<Socket>();
  const buffered = new Buffered((socket) => ends.has(socket));
  const upstream = { socketPath: join(dir, 'tenant.s') };
  const servers = [
    await listening(
      upstream.socketPath,
      createServer((socket) => {
        ends.add(socket.on('error', () => {}));
        tenant(socket);
      }),
    ),
  ];
  const lease = { upstream, release: () => {}, traffic: new Traffic() } as Partial<Lease> as Lease;
  const publicSockets = new PublicSockets({
    source: { ...new FakeSource(), claim: () => claim(() => lease) } as unknown as FakeSource,
    settings: new ProxySettingsPublisher(settingsOf()),
    limits: DEFAULT_PROXY_LIMITS,
    connections: { inAll: 10, perClient: 10 },
    turnedAway: new TurnedAway(),
    logger: silentLogger(),
    isProxied: () => false,
  });
  const options = { allowHalfOpen: true, pauseOnConnect: true };
  const accepted: Socket[] = [];
  const bell = createServer(options, (socket) => {
    accepted.push(socket);
    publicSockets.take('web:acme', socket, false);
  });
  servers.push(await listening(join(dir, 'bell.s'), bell));
  const client = connect(join(dir, 'bell.s')).on('error', () => {});
  ends.add(client);
  onTestFinished(async () => {
    buffered.stop();
    for (const end of [...ends, ...accepted]) end.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await rm(dir, { recursive: true, force: true });
  });
  await once(client, 'connect');
  return { client, buffered };
}

async function listening(path: string, server: Server): Promise<Server> {
  await once(server.listen(path), 'listening');
  return server;
}

/** Settles when `poured` stays the same for a hundred turns of the event loop. */
async function standstill(poured: { sent: number }): Promise<number> {
  for (;;) {
    const before = poured.sent;
    for (let turns = 0; turns < 100; turns += 1) await turn();
    if (poured.sent === before) return before;
  }
}

test('a client that is held while the instance wakes is read only a little', async () => {
  const { client, buffered } = await rung(
    () => new Promise<Admission>(() => {}),
    () => {},
  );
  expect(await standstill(pour(client, SIZE))).toBeLessThan(SIZE / 8);
  expect(buffered.most).toBeLessThan(SIDE_BYTES);
});

test('data of a joined client wait for a tenant that does not read', async () => {
  const { client, buffered } = await rung(
    (grant) => grant(),
    (socket) => socket.pause(),
  );
  expect(await standstill(pour(client, SIZE))).toBeLessThan(SIZE / 8);
  expect(buffered.most).toBeLessThan(SIDE_BYTES);
});

test("a tenant's data wait for a joined client that does not read", async () => {
  const flooding = Promise.withResolvers<{ sent: number }>();
  const { client, buffered } = await rung(
    (grant) => grant(),
    (socket) => flooding.resolve(pour(socket, SIZE)),
  );
  client.pause();
  const poured = await flooding.promise;
  expect(await standstill(poured)).toBeLessThan(SIZE / 8);
  expect(buffered.most).toBeLessThan(SIDE_BYTES);
  let received = 0;
  client.on('data', (bytes: Buffer) => {
    received += bytes.length;
  });
  client.resume();
  await expect.poll(() => received).toBe(SIZE);
});
