/** One connection with two readers: nothing is lost or answered twice, whichever reads. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { ClientResponse, ServedRequest } from '../../../../src/proxy/client/client.ts';
import { ClientConnection } from '../../../../src/proxy/client/plain/client-connection.ts';
import { Bench, echo, readAll, readUntil } from '../../support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
  await bench.app('web:acme', echo);
});
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: acme.localhost\r\n\r\n`;
const chunked = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: acme.localhost\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const post = (path: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: ${length}\r\n\r\n`;

/** The targets of all answered requests, in order. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/"url":"([^"]+)"/g)].map(([, path]) => path ?? '');
}

describe('a connection', () => {
  it('carries a plain request, a request that is not plain, and another plain one', async () => {
    const socket = await bench.socket();
    socket.write(get('/1'));
    await readUntil(socket, '"body":""}');
    socket.write(chunked('/2', 'two'));
    await readUntil(socket, '"body":"two"}');
    socket.write(get('/3'));
    expect(await readUntil(socket, '"body":""}')).toContain('"url":"/3"');
  });

  it('may be cut between any two bytes of its requests', async () => {
    const all = `${get('/1')}${post('/2', 4)}four${chunked('/3', 'x')}${get('/4')}`;
    for (let at = 1; at < all.length; at += 3) {
      const socket = await bench.socket();
      const answers = readUntil(socket, '"url":"/4"');
      socket.write(all.slice(0, at));
      // The other part is read later: its connection is answered after this one was read.
      await bench.fetch({ headers: { host: 'nobody.localhost' } });
      socket.write(all.slice(at));
      expect(pathsIn(await answers)).toEqual(['/1', '/2', '/3', '/4']);
      socket.destroy();
    }
  });

  it('answers requests that came during another after it, in order', async () => {
    const going = Promise.withResolvers<() => void>();
    await bench.app('web:globex', (_request, response) => going.resolve(() => response.end('"url":"/slow"')));
    const socket = await bench.socket();
    socket.write('GET /slow HTTP/1.1\r\nHost: globex.localhost\r\n\r\n');
    const answer = await going.promise;
    const answers = readUntil(socket, '"url":"/b"');
    socket.write(get('/a') + get('/b'));
    await bench.fetch();
    answer();
    expect(pathsIn(await answers)).toEqual(['/slow', '/a', '/b']);
  });

  it('that is to close accepts no further request', async () => {
    const socket = await bench.socket();
    const answers = readAll(socket);
    socket.write('GET /1 HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n');
    socket.write(get('/2'));
    expect(pathsIn(await answers)).not.toContain('/2');
    expect(bench.source.leases.length).toBeLessThanOrEqual(1);
  });

  it('delays the next request while the rest of an unwanted body comes in', async () => {
    const socket = await bench.socket();
    const refused = readUntil(socket, 'unknown_tenant');
    socket.write('POST /1 HTTP/1.1\r\nHost: nobody.localhost\r\nContent-Length: 300000\r\n\r\n');
    await refused;
    const answers = readUntil(socket, '"url":"/2"');
    socket.write(`${'x'.repeat(300_000)}${get('/2')}`);
    expect(pathsIn(await answers)).toEqual(['/2']);
  });

  it('is not read while its client reads no answers', async () => {
    let served = 0;
    await bench.app('web:globex', (_request, response) => {
      served += 1;
      response.end(Buffer.alloc(200_000, 'x'));
    });
    const socket = await bench.socket();
    socket.pause();
    // Each request comes after the previous response, so that none is pipelined.
    for (let count = 0; count < 200; count += 1) {
      socket.write('GET / HTTP/1.1\r\nHost: globex.localhost\r\n\r\n');
      await bench.fetch();
    }
    const before = await bench.standstill(() => served);
    expect(before).toBeLessThan(100);
    socket.resume();
    await expect.poll(() => served).toBe(200);
  });
});

test('an upload waits in the client while its instance wakes', async () => {
  const granted = Promise.withResolvers<void>();
  bench.source.script.push(async (grant) => {
    await granted.promise;
    return grant();
  });
  const size = 20 * 1024 * 1024;
  const socket = await bench.socket();
  const answer = readAll(socket);
  socket.write(`POST / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`);
  socket.write(Buffer.alloc(size, 'x'));
  expect(await bench.standstill(() => socket.bytesWritten - socket.writableLength)).toBeLessThan(size);
  expect(socket.writableLength).toBeGreaterThan(0);
  granted.resolve();
  expect((await answer).length).toBeGreaterThan(size);
});

/** Also after a reset. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** A connection whose requests the test answers itself. */
async function connected(): Promise<{ client: Socket; side: Socket; responses: ClientResponse[]; ended: string[] }> {
  const responses: ClientResponse[] = [];
  const ended: string[] = [];
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [client, [side]] = await Promise.all([
    bench.connect((server.address() as AddressInfo).port),
    once(server, 'connection') as Promise<[Socket]>,
  ]);
  server.close();
  new ClientConnection(side, {
    maxHeadBytes: 16 * 1024,
    keepAliveLines: '',
    serve: ({ url }, response): ServedRequest => {
      responses.push(response);
      return { start: () => {}, closed: () => ended.push(url), drained: () => {} };
    },
    onHandOver: (_connection, bytes) => ended.push(`handed over: ${bytes.toString().split('\r\n', 1)[0]}`),
    onGone: () => ended.push('gone'),
  });
  return { client, side, responses, ended };
}

test('a client that half-closes with its request gets its answer, and the connection ends', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  const { client, side, responses, ended } = await connected();
  const read = readAll(client);
  const closes = closed(side);
  client.end(get('/1'));
  await once(side, 'end');
  responses[0]?.writeHead(200, undefined, ['Content-Length', '0']);
  responses[0]?.end();
  await closes;
  expect(await read).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n/s);
  expect(ended).toEqual(['/1', 'gone']);
});

test('a client that half-closes after its answer has begun gets the rest, and the connection ends', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  const { client, side, responses } = await connected();
  const read = readAll(client);
  client.write(get('/1'));
  await expect.poll(() => responses.length).toBe(1);
  responses[0]?.writeHead(200, undefined, ['Content-Length', '3']);
  responses[0]?.write(Buffer.from('ab'));
  client.end();
  await once(side, 'end');
  responses[0]?.end('c');
  expect(await read).toMatch(/\r\n\r\nabc$/);
});

test('an exchange is notified once when its client has the whole answer, and not again when the client leaves', async () => {
  const { client, side, responses, ended } = await connected();
  client.write(get('/1'));
  await expect.poll(() => responses.length).toBe(1);
  responses[0]?.writeHead(200, undefined, ['Content-Length', '0']);
  responses[0]?.end();
  client.destroy();
  await closed(side);
  expect(ended).toEqual(['/1', 'gone']);
});

test('a connection that was handed over has no listeners left', async () => {
  const { client, side, ended } = await connected();
  const before = ['data', 'drain', 'close', 'error'].filter((event) => side.listenerCount(event) > 0);
  client.write('\r\n');
  await expect.poll(() => ended).toEqual(['handed over: ']);
  expect(before).not.toEqual([]);
  for (const event of ['data', 'drain', 'close', 'error']) expect(side.listenerCount(event), event).toBe(0);
  expect(side.isPaused()).toBe(true);
  side.destroy();
});
