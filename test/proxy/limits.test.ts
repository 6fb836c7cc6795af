import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { Bench, echo, readAll, readUntil } from './support.ts';

let bench: Bench;
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

test('headers over max_header_kb get 431', async () => {
  bench = await Bench.open([], { maxHeaderBytes: 4096 });
  await bench.app('web:acme', echo);
  const answer = await bench.raw(`GET / HTTP/1.1\r\nHost: acme.localhost\r\nX-A: ${'a'.repeat(5000)}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 431 .+headers_too_large/s);
});

test('headers that are incomplete after header_timeout get 408', async () => {
  bench = await Bench.open([], { headerTimeoutMs: 50 });
  const answer = await bench.raw('GET / HTTP/1.1\r\nHost: acme.loc');
  expect(answer).toMatch(/^HTTP\/1\.1 408 .+client_too_slow/s);
});

test('a connection on which nothing comes within header_timeout gets 408', async () => {
  bench = await Bench.open([], { headerTimeoutMs: 50 });
  const socket = await bench.socket();
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 .+client_too_slow/s);
});

test('the proxy waits for an instance longer than any time-out of the client', async () => {
  bench = await Bench.open([], { headerTimeoutMs: 50, keepAliveTimeoutMs: 50 });
  const released = Promise.withResolvers<void>();
  await bench.app('web:acme', (_request, response) => void released.promise.then(() => response.end('at last')));
  const answer = bench.fetch();
  const other = await bench.socket();
  // The sweep that ends this connection has examined the other too.
  await readAll(other);
  released.resolve();
  expect((await answer).body).toBe('at last');
});

test('a connection that is idle for keep_alive_timeout is closed', async () => {
  bench = await Bench.open([], { keepAliveTimeoutMs: 50 });
  await bench.app('web:acme', echo);
  const socket = await bench.socket();
  socket.write('GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
  await readUntil(socket, '200 OK');
  await once(socket, 'close');
});

test('an upload that stalls for body_idle_timeout gets 408, and the tenant is released', async () => {
  bench = await Bench.open([], { bodyIdleTimeoutMs: 60 });
  await bench.app('web:acme', echo);
  const answer = await bench.raw('POST / HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 10\r\n\r\nhal');
  expect(answer).toMatch(/^HTTP\/1\.1 408 .+client_too_slow/s);
  await bench.source.leases[0]?.released;
});

test('an upload that progresses is not cut, however long it takes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  bench = await Bench.open([], { bodyIdleTimeoutMs: 500 });
  let arrived = '';
  await bench.app('web:acme', (request, response) => {
    request.on('data', (part: Buffer) => {
      arrived += part.toString();
    });
    request.once('end', () => response.end(arrived));
  });
  const socket = await bench.socket();
  socket.write('POST / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\nContent-Length: 8\r\n\r\n');
  const answer = readAll(socket);
  for (const letter of 'abcdefgh') {
    socket.write(letter);
    await expect.poll(() => arrived).toContain(letter);
    vi.advanceTimersByTime(300);
  }
  expect(await answer).toContain('abcdefgh');
});

test('a download that the client does not read for body_idle_timeout is cut, and the tenant is released', async () => {
  bench = await Bench.open([], { bodyIdleTimeoutMs: 80 });
  await bench.app('web:acme', (_request, response) => {
    const pump = () => {
      while (response.write(Buffer.alloc(64 * 1024)));
      response.once('drain', pump);
    };
    pump();
  });
  const socket = await bench.socket();
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
  await expect.poll(() => bench.source.leases[0]?.releases).toBe(1);
});

test('a slow answer of a tenant does not count as a slow client', async () => {
  bench = await Bench.open([], { bodyIdleTimeoutMs: 40 });
  await bench.app('web:acme', (request, response) => {
    request.resume();
    request.once('end', () => setTimeout(() => response.end('at last'), 200));
  });
  expect((await bench.fetch({ method: 'POST' }, 'x')).body).toBe('at last');
});
