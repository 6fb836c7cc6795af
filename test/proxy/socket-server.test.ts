/** Connections to public sockets that are `proxied`. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import { ProxySettingsPublisher } from '../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS } from '../../src/core/service/service.ts';
import { silentLogger } from '../../src/logger.ts';
import { PublicSockets } from '../../src/proxy/public-sockets.ts';
import { echo, FakeSource, readAll, readUntil, settingsOf } from './support.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: acme.localhost\r\n\r\n';

/** Two tenants with their public sockets, all proxied. */
async function served({ perClient = 100, trusted = [] as string[], isProxied = (): boolean => true } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'tnm-'));
  const source = new FakeSource();
  const publicSockets = new PublicSockets({
    source,
    settings: new ProxySettingsPublisher(settingsOf(trusted)),
    limits: DEFAULT_PROXY_LIMITS,
    connections: { inAll: 100, perClient },
    turnedAway: new TurnedAway(),
    logger: silentLogger(),
    isProxied,
  });
  const servers: (Server | ReturnType<typeof createNetServer>)[] = [];
  const ends = new Set<Socket>();
  const listen = async (server: (typeof servers)[number], path: string) => {
    servers.push(server.on('connection', (socket: Socket) => ends.add(socket)));
    await once(server.listen(path), 'listening');
  };
  for (const instance of ['web:acme', 'web:beta'] as InstanceName[]) {
    const socketPath = join(dir, `${instance}.s`);
    await listen(createServer(echo), socketPath);
    source.upstreams.set(instance, { socketPath });
    const options = { allowHalfOpen: true, pauseOnConnect: true };
    const take = (socket: Socket) => publicSockets.take(instance, socket, false);
    await listen(createNetServer(options, take), join(dir, `${instance}.public`));
  }
  onTestFinished(async () => {
    await publicSockets.drain(0);
    for (const end of ends) end.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await rm(dir, { recursive: true, force: true });
  });
  const client = async (tenant = 'acme') => {
    const socket = connect(join(dir, `web:${tenant}.public`)).on('error', () => {});
    ends.add(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { source, publicSockets, client };
}

/** Sends one request, and returns what the tenant received. */
async function received(client: Socket, lines: readonly string[], target = '/a') {
  client.write([`GET ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
  const answer = await readUntil(client, '"body":""}');
  const { url, rawHeaders } = JSON.parse(answer.slice(answer.indexOf('{')));
  const values = (name: string) =>
    rawHeaders.filter((_: string, at: number) => at % 2 === 1 && rawHeaders[at - 1].toLowerCase() === name);
  return { url, values };
}

test('a request goes to the instance of its socket, with the Host as received, whichever reader reads it', async () => {
  const { client, source } = await served();
  for (const more of [[], ['TE: trailers']]) {
    const { values } = await received(await client('beta'), ['Host: Acme.localhost:81', ...more]);
    expect(values('host')).toEqual(['Acme.localhost:81']);
    expect(values('x-tenant-id')).toEqual(['beta']);
    expect(source.leases.at(-1)?.instance).toBe('web:beta');
  }
});

test('a target in absolute form must name the Host, and reaches the tenant in origin form', async () => {
  const { client } = await served();
  expect((await received(await client(), ['Host: x.org'], 'http://X.org/p?q')).url).toBe('/p?q');
  const other = await client();
  other.write('GET http://y.org/ HTTP/1.1\r\nHost: x.org\r\nConnection: close\r\n\r\n');
  expect(await readAll(other)).toMatch(/^HTTP\/1\.1 400 /);
});

test.each(['', 'Host: a\r\nHost: b\r\n', 'Host: a b\r\n', 'Host: \r\n', 'Host: a/b\r\n'])(
  'a request with the host lines %j is refused with 400',
  async (lines) => {
    const { client, source } = await served();
    const socket = await client();
    socket.write(`GET / HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect(source.leases).toEqual([]);
  },
);

test('the peer is believed about its client, and adds no address to the chain', async () => {
  const { client } = await served();
  const lines = ['Host: x', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 10.0.0.1', 'X-Forwarded-Proto: https'];
  const { values } = await received(await client(), [...lines, 'X-Tenant-Id: beta', 'X-Request-Id: abc']);
  expect(values('x-forwarded-for')).toEqual(['192.0.2.1, 10.0.0.1']);
  expect(values('x-forwarded-proto')).toEqual(['https']);
  expect(values('x-tenant-id')).toEqual(['acme']);
  expect(values('x-request-id')).toEqual(['abc']);
});

test('without a chain there is no X-Forwarded-For', async () => {
  const { client } = await served();
  const { values } = await received(await client(), ['Host: x']);
  expect([values('x-forwarded-for'), values('x-forwarded-proto')]).toEqual([[], ['http']]);
});

test('the client for fairness is the last address of the chain that is no trusted proxy; without one, unknown', async () => {
  const { client, source } = await served({ trusted: ['10.0.0.0/8'] });
  await received(await client(), ['Host: x', 'X-Forwarded-For: 192.0.2.1, 10.0.0.1']);
  await received(await client(), ['Host: x']);
  expect(source.requesters.map((requester) => requester?.client)).toEqual(['192.0.2.1', null]);
});

test('an idle connection gives way to another of the same instance; a busy one does not', async () => {
  const { client, source } = await served({ perClient: 1 });
  source.script.push(() => new Promise(() => {}));
  const busy = await client();
  busy.write(GET);
  await expect.poll(() => source.script.length).toBe(0);
  expect(await readAll(await client())).toMatch(/^HTTP\/1\.1 503 /);
  busy.destroy();
  const idle = await answered(client);
  const closed = once(idle, 'close');
  await answered(client);
  await closed;
});

/** Connects until a connection is admitted and its request answered. */
async function answered(client: () => Promise<Socket>): Promise<Socket> {
  for (;;) {
    const socket = await client();
    socket.write(GET);
    const answer = await readUntil(socket, '}').catch(() => '');
    if (answer.startsWith('HTTP/1.1 200')) return socket;
  }
}

test('a spliced connection is read request by request after a switch, once its process gets no further request', async () => {
  let isProxied = false;
  const { client, source, publicSockets } = await served({ isProxied: () => isProxied });
  const socket = await client();
  expect((await received(socket, ['Host: x'])).values('x-tenant-id')).toEqual([]);
  isProxied = true;
  publicSockets.retire(source.leases[0]?.generation ?? 0);
  expect((await received(socket, ['Host: x'])).values('x-tenant-id')).toEqual(['acme']);
  expect((await received(socket, ['Host: x'])).values('x-tenant-id')).toEqual(['acme']);
});

test('a connection that is held during a switch is read request by request, and its first claim is returned', async () => {
  let isProxied = false;
  const { client, source } = await served({ isProxied: () => isProxied });
  const granted = Promise.withResolvers<void>();
  source.script.push((grant) => granted.promise.then(grant));
  const socket = await client();
  const first = received(socket, ['Host: x']);
  await expect.poll(() => source.script.length).toBe(0);
  isProxied = true;
  granted.resolve();
  expect((await first).values('x-tenant-id')).toEqual(['acme']);
  await expect.poll(() => source.leases.map(({ releases }) => releases)).toEqual([1, 1]);
});

test('the end lets a request under way finish, and answers a further one with 503', async () => {
  const { client, source, publicSockets } = await served();
  const granted = Promise.withResolvers<void>();
  source.script.push((grant) => granted.promise.then(grant));
  const [slow, late] = [await client(), await client()];
  slow.write(GET);
  await expect.poll(() => source.script.length).toBe(0);
  const drained = publicSockets.drain(60_000);
  const other = await client();
  other.write(GET);
  expect(await readUntil(other, 'shutting_down')).toMatch(/^HTTP\/1\.1 503 /);
  granted.resolve();
  expect(await readAll(slow)).toMatch(/^HTTP\/1\.1 200 /);
  await drained;
  expect(late.destroyed || (await once(late, 'close'))).toBeTruthy();
});
