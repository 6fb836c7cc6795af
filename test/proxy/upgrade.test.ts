import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Bench, readAll, readUntil } from './support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

const HEAD = [
  'GET /chat?x=1 HTTP/1.1',
  'Host: acme.localhost',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const handshake = (...more: string[]) => `${[...HEAD, ...more].join('\r\n')}\r\n\r\n`;

const lease = () => {
  const [found] = bench.source.leases;
  if (found === undefined) throw new Error('no lease');
  return found;
};

/** An application that echoes what its WebSockets say. */
async function echoApp(): Promise<{ requests: IncomingMessage[]; connections: WebSocket[] }> {
  const server = await bench.app('web:acme', (_request, response) => response.end());
  const sockets = new WebSocketServer({ server });
  const seen = { requests: [] as IncomingMessage[], connections: [] as WebSocket[] };
  sockets.on('connection', (socket, request) => {
    seen.requests.push(request);
    seen.connections.push(socket);
    socket.on('error', () => {});
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  return seen;
}

async function open(headers: Record<string, string> = {}): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${bench.port}/chat?x=1`, {
    headers: { host: 'acme.localhost', ...headers },
  });
  await once(client, 'open');
  return client;
}

test('a WebSocket talks through the proxy, as a stream', async () => {
  await echoApp();
  const client = await open();
  client.send('hello');
  expect(String((await once(client, 'message'))[0])).toBe('hello');
  expect(lease()).toMatchObject({ stream: true, releases: 0 });
  client.close();
  await lease().released;
});

test('until the tenant has switched it is a request that a drain waits for (bug: 502 when it went to sleep)', async () => {
  const asked = Promise.withResolvers<Socket>();
  await bench.rawApp('web:acme', (socket) => socket.once('data', () => asked.resolve(socket)));
  const client = new WebSocket(`ws://127.0.0.1:${bench.port}/`, { headers: { host: 'acme.localhost' } });
  client.on('error', () => {});
  const tenant = await asked.promise;
  expect(lease().stream).toBe(false);
  tenant.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  await expect.poll(() => lease().stream).toBe(true);
  tenant.destroy();
  await lease().released;
});

test('a handshake obeys the same header rules as a request, and nothing is doubled', async () => {
  const { requests } = await echoApp();
  const client = await open({ 'x-tenant-id': 'forged', 'x-forwarded-for': '6.6.6.6', cookie: 'a=1' });
  const raw = requests[0]?.rawHeaders ?? [];
  const named = (name: string) => raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
  expect(requests[0]?.url).toBe('/chat?x=1');
  expect(named('host')).toEqual(['acme.localhost']);
  expect(named('x-tenant-id')).toEqual(['acme']);
  expect(named('x-forwarded-for')).toEqual(['127.0.0.1']);
  expect(named('x-forwarded-proto')).toEqual(['http']);
  expect(named('x-forwarded-host')).toEqual(['acme.localhost']);
  expect(named('x-request-id')).toHaveLength(1);
  expect(named('connection')).toEqual(['Upgrade']);
  expect(named('upgrade')).toEqual(['websocket']);
  expect(named('cookie')).toEqual(['a=1']);
  client.terminate();
  await lease().released;
});

test('when the client vanishes, the connection to the tenant closes and the lease is released', async () => {
  const { connections } = await echoApp();
  const client = await open();
  const closed = once(connections[0] as WebSocket, 'close');
  client.terminate();
  await Promise.all([closed, lease().released]);
});

test('when the tenant ends it, the client hears and the lease is released', async () => {
  const { connections } = await echoApp();
  const client = await open();
  const closed = once(client, 'close');
  connections[0]?.terminate();
  await Promise.all([closed, lease().released]);
});

test('a held WebSocket opens when the claim is granted, and says how long it was held', async () => {
  await echoApp();
  bench.source.heldMs = 12;
  bench.source.script.push(async (grant) => grant());
  const socket = await bench.socket();
  socket.write(handshake());
  expect(await readUntil(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 .+server-timing: wake;dur=12\.0\r\n/is);
});

test('a client that leaves while it is held aborts the claim', async () => {
  await echoApp();
  const held = Promise.withResolvers<AbortSignal>();
  bench.source.script.push((_grant, signal) => {
    held.resolve(signal);
    return new Promise(() => {});
  });
  const socket = await bench.socket();
  socket.write(handshake());
  const signal = await held.promise;
  const aborted = once(signal, 'abort');
  socket.destroy();
  await aborted;
});

test('a WebSocket for an unknown tenant gets 404, for a stopped one 503', async () => {
  await echoApp();
  expect(await bench.raw(handshake().replace('acme', 'nobody'))).toMatch(/^HTTP\/1\.1 404 .+unknown_tenant/s);
  bench.source.script.push(() => ({ refused: 'stopped', retryAfterS: null }));
  expect(await bench.raw(handshake())).toMatch(/^HTTP\/1\.1 503 .+"stopped"/s);
});

test('a handshake with a body is refused', async () => {
  await echoApp();
  expect(await bench.raw(handshake('Content-Length: 4'))).toMatch(/^HTTP\/1\.1 400 /);
});

test('a tenant that dies in the handshake gives 502, also on a connection that was used before', async () => {
  await bench.rawApp('web:acme', (upstream) => upstream.once('data', () => upstream.destroy()));
  const socket = await bench.socket();
  socket.write('GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n');
  await readUntil(socket, 'unknown_tenant');
  socket.write(handshake());
  expect(await readAll(socket)).toMatch(/^.*HTTP\/1\.1 502 .+upstream_failed/s);
  await lease().released;
});

test('a tenant that does not answer the handshake within request_timeout gives 504', async () => {
  const ended = Promise.withResolvers<void>();
  await bench.rawApp('web:acme', (socket) => socket.resume().once('close', ended.resolve));
  bench.source.requestTimeoutMs = 20;
  expect(await bench.raw(handshake())).toMatch(/^HTTP\/1\.1 504 .+upstream_timeout/s);
  await Promise.all([ended.promise, lease().released]);
});

test('a tenant that declines to switch is heard, and the connection closes', async () => {
  await bench.app('web:acme', (_request, response) => response.writeHead(426, { 'x-why': 'no' }).end('no sockets'));
  const text = await bench.raw(handshake());
  expect(text).toMatch(/^HTTP\/1\.1 426 .+x-why: no\r\n.+no sockets/s);
  expect(text.match(/^connection: .*$/gim)).toEqual(['Connection: close']);
  await lease().released;
});

test('a client that resets after the switch does no harm', async () => {
  await echoApp();
  const socket = await bench.socket();
  socket.write(handshake());
  await readUntil(socket, '\r\n\r\n');
  socket.resetAndDestroy();
  await lease().released;
  expect((await bench.fetch()).status).toBe(200);
});

test('an upgrade to anything but WebSocket is an ordinary request', async () => {
  await bench.app('web:acme', (request, response) => response.end(`upgrade: ${request.headers.upgrade}`));
  const answer = await bench.fetch({ headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' } });
  expect(answer.body).toBe('upgrade: undefined');
});
