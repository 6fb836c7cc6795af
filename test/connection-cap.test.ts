/** More connections than the limits of a real proxy. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Bench, readAll, readUntil } from './proxy/support.ts';

let bench: Bench;
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

const GET = 'GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n';

/** Two connections of 127.0.0.1 and three in all. */
async function open(trusted: readonly string[] = []) {
  bench = await Bench.open(trusted, { maxConnections: 3, maxConnectionsPerClient: 2 });
  // No connection counts as idle for long unless a test says so.
  vi.useFakeTimers({ toFake: ['performance'] });
  await bench.app('web:acme', (request, response) => {
    if (request.url === '/') response.end('served');
  });
}

async function clientAt(localAddress: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: bench.port, localAddress });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A connection with a request in progress. */
async function busyAt(address: string): Promise<Socket> {
  const socket = await clientAt(address);
  const { length } = bench.source.leases;
  socket.write('GET /hang HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
  await vi.waitUntil(() => bench.source.leases.length > length, { timeout: 20_000 });
  return socket;
}

async function ask(address: string): Promise<string> {
  const socket = await clientAt(address);
  socket.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  return readAll(socket);
}

test('a client over its own limit is told to retry, others are served, and both are counted', async () => {
  await open();
  const busy = [await busyAt('127.0.0.1'), await busyAt('127.0.0.1')];
  expect(await ask('127.0.0.1')).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1\r\n.*at_capacity/s);
  expect(await ask('127.0.0.2')).toContain('served');
  busy.push(await busyAt('127.0.0.3'));
  expect(await ask('127.0.0.2')).toMatch(/^HTTP\/1\.1 503 /);
  expect([...bench.turnedAway.entries()]).toEqual([['proxy', 2]]);
  for (const socket of busy) socket.destroy();
});

test('connections of a trusted front server count only toward the total', async () => {
  await open(['127.0.0.1']);
  const busy = [await busyAt('127.0.0.1'), await busyAt('127.0.0.1')];
  expect(await ask('127.0.0.1')).toContain('served');
  busy.push(await busyAt('127.0.0.1'));
  expect(await ask('127.0.0.1')).toMatch(/^HTTP\/1\.1 503 /);
  for (const socket of busy) socket.destroy();
});

test.each([
  ['silent', ''],
  ['kept alive', GET],
  ['kept alive by the other reader', GET.replace('\r\n\r\n', '\r\nTE: trailers\r\n\r\n')],
  ['sending a head for ever', 'GET / HTTP/1.1\r\nHost: ac'],
])('%s connections give way to those that ask', async (_what, bytes) => {
  await open();
  const first = await clientAt('127.0.0.1');
  const second = await clientAt('127.0.0.1');
  // Which of two silent connections was accepted first is unknown.
  const ended = Promise.race([once(first, 'close'), once(second, 'close')]);
  for (const socket of [first, second]) {
    if (bytes !== '') socket.write(bytes);
    if (bytes.includes('\r\n\r\n')) await readUntil(socket, 'served');
    socket.resume();
    // By the time another client got its answer, the earlier bytes have been read.
    await ask('127.0.0.2');
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(2000);
  expect(await ask('127.0.0.1')).toContain('served');
  await ended;
  for (const socket of [first, second]) socket.destroy();
});
