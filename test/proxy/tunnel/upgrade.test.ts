import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Bench, pour, readAll, readUntil } from '../support.ts';

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

test('an upgrade is a request that a drain waits for until the tenant has switched (bug: 502 when it went to sleep)', async () => {
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

test('a handshake keeps the trace of its client', async () => {
  const seen = await echoApp();
  const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1,b=2' };
  const client = await open(trace);
  expect(seen.requests[0]?.headers).toMatchObject(trace);
  client.close();
});

test('a client that vanishes closes the connection to the tenant and releases the lease', async () => {
  const { connections } = await echoApp();
  const client = await open();
  const closed = once(connections[0] as WebSocket, 'close');
  client.terminate();
  await Promise.all([closed, lease().released]);
});

test('a tenant that ends a WebSocket closes the client and releases the lease', async () => {
  const { connections } = await echoApp();
  const client = await open();
  const closed = once(client, 'close');
  connections[0]?.terminate();
  await Promise.all([closed, lease().released]);
});

test('a held WebSocket opens when the claim is granted, and its header says how long it was held', async () => {
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

test("a tenant's refusal to switch reaches the client, and the connection closes", async () => {
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

const FOO = 'GET /chat HTTP/1.1\r\nHost: acme.localhost\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\n\r\n';

test('another protocol passes as bytes, as a stream, with the bytes behind the request', async () => {
  let seen = '';
  await bench.rawApp('web:acme', (socket) =>
    socket.on('data', (bytes) => {
      seen += bytes.toString('latin1');
      if (bytes.toString().startsWith('GET')) {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: Foo/2\r\nX-A: b\r\n\r\n\0early',
        );
      }
      if (seen.includes('\xff')) socket.write('\0\x01answer');
    }),
  );
  const socket = await bench.socket();
  socket.write(`${FOO}behind`);
  expect(await readUntil(socket, '\0early')).toMatch(/^HTTP\/1\.1 101 .+x-a: b\r\n/s);
  socket.write(Buffer.from([0, 0xff]));
  await readUntil(socket, '\0\x01answer');
  expect(seen).toMatch(/^GET \/chat HTTP\/1\.1\r\n.*\r\nupgrade: foo\/2\r\n.*\r?\nbehind\0\xff$/is);
  expect(lease()).toMatchObject({ stream: true, releases: 0 });
  socket.destroy();
  await lease().released;
});

test('a client of another protocol that does not read holds its tenant back', async () => {
  const size = 48 * 1024 * 1024;
  const begun = Promise.withResolvers<{ sent: number }>();
  await bench.rawApp('web:acme', (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\n\r\n');
      begun.resolve(pour(socket, size));
    });
  });
  const socket = await bench.socket();
  socket.pause();
  socket.write(FOO);
  const poured = await begun.promise;
  expect(await bench.standstill(() => poured.sent)).toBeLessThan(size / 2);
});

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\n';
test.each([
  ['names no protocol', 'Connection: Upgrade\r\n'],
  ['names nothing', ''],
  ['does not say that it concerns the connection', 'Upgrade: websocket\r\n'],
  ['names another protocol', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'],
  ['names two', 'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n'],
])('a switch that %s gives 502, and the tenant is let go of (bug: it was relayed)', async (_what, lines) => {
  const ended = Promise.withResolvers<void>();
  await bench.rawApp('web:acme', (socket) => {
    socket.once('close', ended.resolve).once('data', () => socket.write(`${SWITCH}${lines}\r\nhello`));
  });
  const answer = await bench.raw(handshake());
  expect(answer).toMatch(/^HTTP\/1\.1 502 .+upstream_failed/s);
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  await Promise.all([ended.promise, lease().released]);
});

test('a switch that nobody asked for gives 502', async () => {
  await bench.rawApp('web:acme', (socket) =>
    socket.once('data', () => socket.write(`${SWITCH}Connection: Upgrade\r\nUpgrade: foo\r\n\r\nhello`)),
  );
  expect(await bench.raw('POST / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 502 /,
  );
});

test('a switch carries no header that an answer may not carry', async () => {
  await bench.rawApp('web:acme', (socket) =>
    socket.once('data', () =>
      socket.write(
        `${SWITCH}Connection: upgrade, keep-alive\r\nUpgrade: websocket\r\nContent-Length: 4\r\nKeep-Alive: 5\r\nX-Accel-Redirect: /a\r\n\r\n`,
      ),
    ),
  );
  const socket = await bench.socket();
  socket.write(handshake());
  expect(await readUntil(socket, '\r\n\r\n')).toBe(`${SWITCH}connection: Upgrade\r\nupgrade: websocket\r\n\r\n`);
});

test.each(['h2c', 'H2C', 'h2', 'HTTP/2.0', 'TLS/1.0', 'h2c, websocket', 'websocket, foo', 'a b'])(
  'a request that would switch to "%s" is an ordinary one',
  async (upgrade) => {
    await bench.app('web:acme', ({ headers }, response) => {
      response.end(`${headers.connection} ${headers.upgrade} ${headers['http2-settings']}`);
    });
    const connection = 'Upgrade, HTTP2-Settings';
    const answer = await bench.fetch({
      headers: { connection, upgrade, 'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA' },
    });
    expect(answer.body).toBe('keep-alive undefined undefined');
  },
);

test.each([
  ['POST', '1.1'],
  ['GET', '1.0'],
])('a %s in HTTP/%s that asks to switch is an ordinary request', async (method, version) => {
  await bench.app('web:acme', ({ headers }, response) => response.end(`upgrade: ${headers.upgrade}`));
  const head = `${method} / HTTP/${version}\r\nHost: acme.localhost\r\nConnection: Upgrade, close\r\nUpgrade: foo\r\n\r\n`;
  expect(await bench.raw(head)).toMatch(/^HTTP\/1\.1 200 .*upgrade: undefined/s);
});
