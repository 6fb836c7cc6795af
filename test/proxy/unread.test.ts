/** A side that does not read makes the other side wait: no buffer between them grows. One test for each path. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Admission } from '../../src/core/admission/serving.ts';
import { MAX_INTERIM } from '../../src/proxy/exchange/interim.ts';
import { Buffered, SIDE_BYTES } from './buffered.ts';
import { Bench, pour, readAll, readUntil } from './support.ts';

/** Much more than the system's buffers hold. */
const SIZE = 48 * 1024 * 1024;

let bench: Bench;
let buffered: Buffered;
/** The tenants' ends of the connections. */
let tenants: Set<Socket>;
beforeEach(async () => {
  bench = await Bench.open();
  tenants = new Set();
  buffered = new Buffered((socket) => tenants.has(socket) || socket.remotePort === bench.port);
});
afterEach(async () => {
  buffered.stop();
  await bench.close();
});

const GET = 'GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n';
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

interface Poured {
  sent: number;
}

interface Flood {
  /** Settles when a request has come. */
  readonly begun: Promise<Poured>;
}

/** A tenant that begins `answer` on each connection as soon as a request comes. */
async function floods(answer: (socket: Socket) => Poured): Promise<Flood> {
  const flooding = Promise.withResolvers<Poured>();
  await bench.rawApp('web:acme', (socket) => {
    tenants.add(socket);
    socket.once('data', () => flooding.resolve(answer(socket)));
  });
  return { begun: flooding.promise };
}

/** Writes `part` repeatedly, up to SIZE. */
function repeat(stream: Writable, part: Buffer): { sent: number } {
  const poured = { sent: 0 };
  const pump = () => {
    while (poured.sent < SIZE) {
      poured.sent += part.length;
      if (!stream.write(part)) return void stream.once('drain', pump);
    }
  };
  pump();
  return poured;
}

/** Settles when the sender is held back; fails when it could send everything. */
async function expectHeldBack(poured: { sent: number }): Promise<void> {
  expect(await bench.standstill(() => poured.sent)).toBeLessThan(SIZE / 2);
  expect(buffered.most).toBeLessThan(SIDE_BYTES);
}

const HEADS = {
  'an answer with a length': [GET, `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`],
  'an answer until the end of the connection': [GET, 'HTTP/1.1 200 OK\r\n\r\n'],
  'an event stream': [GET, 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'],
  'an answer that declines to switch protocols (bug: 2.5 GB in 5 s)': [
    UPGRADE,
    `HTTP/1.1 403 Forbidden\r\nContent-Length: ${SIZE}\r\n\r\n`,
  ],
  'an answer without a length that declines to switch protocols': [UPGRADE, 'HTTP/1.1 403 Forbidden\r\n\r\n'],
  'a connection that has switched protocols': [
    UPGRADE,
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
} as const;

test.each(Object.entries(HEADS))('%s waits for a client that does not read', async (_name, [request, head]) => {
  const flood = await floods((socket) => {
    socket.write(head);
    return pour(socket, SIZE);
  });
  const poured = await asked(flood, request);
  await expectHeldBack(poured);
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

test.each([
  ['large', 100_000],
  ['of a few bytes each', 8],
])('chunks (%s) wait for a client that does not read', async (_name, length) => {
  const chunk = `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`;
  const flood = await floods((socket) => {
    socket.write(CHUNKED);
    return repeat(socket, Buffer.from(chunk.repeat(Math.ceil(60_000 / chunk.length))));
  });
  await expectHeldBack(await asked(flood, GET));
});

test('chunks of a byte that came together go out together (bug: each waited as three writes)', async () => {
  const bytes = 1000;
  await bench.rawApp('web:acme', (socket) => {
    socket.once('data', () => socket.write(`${CHUNKED}${'1\r\nx\r\n'.repeat(bytes)}0\r\n\r\n`));
  });
  const text = await bench.raw(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  expect(body.split('x')).toHaveLength(bytes + 1);
  expect(body.split('\r\n').length).toBeLessThan(bytes / 10);
});

test('trailers of the greatest length wait for a client that does not read', async () => {
  const trailers = `${`X-Sum: ${'x'.repeat(8000)}\r\n`.repeat(8)}\r\n`;
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const flood = await floods((socket) => {
    socket.write(CHUNKED);
    const poured = repeat(socket, Buffer.from(chunk));
    socket.end(`0\r\n${trailers}`);
    return poured;
  });
  await expectHeldBack(await asked(flood, GET));
});

const LINK = `Link: <${'x'.repeat(60_000)}>; rel=preload\r\n`;

test('early hints wait for a client that does not read (bug: 750 MB in 15 s)', async () => {
  const flood = await floods((socket) => repeat(socket, Buffer.from(`HTTP/1.1 103 Early Hints\r\n${LINK}\r\n`)));
  await expectHeldBack(await asked(flood, GET));
});

test('early hints that waited arrive, and then the answer', async () => {
  const hints = 300;
  const flood = await floods((socket) => {
    const poured = { sent: 0 };
    const pump = () => {
      while (poured.sent < hints) {
        poured.sent += 1;
        if (!socket.write(`HTTP/1.1 103 Early Hints\r\n${LINK}\r\n`)) return void socket.once('drain', pump);
      }
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
    };
    pump();
    return poured;
  });
  const client = await bench.socket();
  client.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  const poured = await flood.begun;
  expect(await bench.standstill(() => poured.sent)).toBeLessThan(hints);
  const text = await readAll(client);
  expect(text.split('103 Early Hints')).toHaveLength(hints + 1);
  expect(text.endsWith('done')).toBe(true);
});

test.each([
  ['100 Continue', GET],
  ['102 Processing', GET],
  ['103 Early Hints', GET],
  ['102 Processing', UPGRADE],
])('a flood of %s ends with 502, and the tenant is not read any more', async (interim, request) => {
  const flood = await floods((socket) => repeat(socket, Buffer.from(`HTTP/1.1 ${interim}\r\n\r\n`.repeat(100))));
  const client = await bench.socket();
  client.write(request);
  const poured = await flood.begun;
  const text = await readUntil(client, 'upstream_failed');
  expect(text).toContain('HTTP/1.1 502');
  expect(text.split('102 Processing').length).toBeLessThanOrEqual(MAX_INTERIM + 1);
  expect(await bench.standstill(() => poured.sent)).toBeLessThan(SIZE / 2);
  expect(bench.source.leases.map(({ releases }) => releases)).toEqual([1]);
});

test("a client's data after a switch of protocols wait for a tenant that does not read", async () => {
  await bench.rawApp('web:acme', (socket) => {
    tenants.add(socket);
    socket.once('data', () => {
      socket.pause();
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    });
  });
  const client = await bench.socket();
  client.write(UPGRADE);
  await readUntil(client, '\r\n\r\n');
  await expectHeldBack(pour(client, SIZE));
});

test.each([
  ['with a length', `Content-Length: ${SIZE}`, 'x'.repeat(60_000)],
  ['in chunks', 'Transfer-Encoding: chunked', `ea60\r\n${'x'.repeat(60_000)}\r\n`],
  ['in chunks of one byte', 'Transfer-Encoding: chunked', '1\r\nx\r\n'.repeat(10_000)],
])('an upload %s waits for a tenant that does not read', async (_name, line, part) => {
  await bench.rawApp('web:acme', (socket) => {
    tenants.add(socket);
    socket.pause();
  });
  const client = await bench.socket();
  client.write(`POST / HTTP/1.1\r\nHost: acme.localhost\r\n${line}\r\n\r\n`);
  await expectHeldBack(repeat(client, Buffer.from(part)));
});

test.each([
  ['an upload', `POST / HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: ${SIZE}\r\n\r\n`],
  ['what follows an upgrade', UPGRADE],
])('%s waits while the instance wakes', async (_name, request) => {
  const held = Promise.withResolvers<void>();
  bench.source.script.push(() => {
    held.resolve();
    return new Promise<Admission>(() => {});
  });
  await bench.app('web:acme', () => {});
  const client = await bench.socket();
  client.write(request);
  await held.promise;
  await expectHeldBack(pour(client, SIZE));
});

test('bytes behind a request in progress wait for its answer', async () => {
  const answer = Promise.withResolvers<ServerResponse>();
  await bench.app('web:acme', (_request, response) => answer.resolve(response));
  const client = await bench.socket();
  client.write(GET);
  await answer.promise;
  await expectHeldBack(pour(client, SIZE));
});

test('a client that does not read its refusals is not read any more', async () => {
  await bench.app('web:acme', () => {});
  const client = await bench.socket();
  client.pause();
  await expectHeldBack(repeat(client, Buffer.from(GET.replace('acme', 'nobody').repeat(500))));
});

test('a client that does not read a declined switch is cut off', async () => {
  await bench.close();
  bench = await Bench.open([], { bodyIdleTimeoutMs: 300 });
  const flood = await floods((socket) => {
    socket.write('HTTP/1.1 403 Forbidden\r\n\r\n');
    return pour(socket, SIZE);
  });
  await asked(flood, UPGRADE);
  await bench.source.leases[0]?.released;
});

test('an answer that declines to switch arrives whole when its client reads late', async () => {
  const size = 20 * 1024 * 1024;
  await bench.app('web:acme', (_request: IncomingMessage, response) => {
    response.writeHead(403, { trailer: 'x-sum' });
    response.write('x'.repeat(size), () => {
      response.addTrailers({ 'x-sum': '42' });
      response.end();
    });
  });
  const client = await bench.socket();
  client.write(UPGRADE);
  for (let turns = 0; turns < 100; turns += 1) await turn();
  const text = await readAll(client);
  expect(text.split('x').length).toBeGreaterThan(size);
  expect(text).toMatch(/0\r\nx-sum: 42\r\n\r\n$/i);
});

/** A client that sends a request and does not read; settles when the tenant floods it. */
async function asked({ begun }: Flood, request: string): Promise<Poured> {
  const client = await bench.socket();
  client.pause();
  client.write(request);
  return begun;
}
