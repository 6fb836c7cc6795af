import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answerOf, Bench, echo, pour, readAll, readUntil } from '../support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

/** The test controls the proxy's time. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
}

test('a chunked body arrives whole', async () => {
  await bench.app('web:acme', echo);
  const request = bench.request({ method: 'POST' });
  request.write('one ');
  request.end('two');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(JSON.parse((await answerOf(response)).body).body).toBe('one two');
});

test('a body with a length arrives with that length, and a GET may have one', async () => {
  await bench.app('web:acme', echo);
  const { body } = await bench.fetch({ method: 'GET', headers: { 'content-length': '4' } }, 'four');
  const seen = JSON.parse(body);
  expect(seen.body).toBe('four');
  expect(seen.rawHeaders.join('\n').toLowerCase()).toContain('content-length\n4');
});

test('a tenant that does not read holds the client back: 20 MB up arrive whole, and never lie in memory', async () => {
  const size = 20 * 1024 * 1024;
  const arrived = Promise.withResolvers<() => void>();
  await bench.app('web:acme', (request, response) => {
    let received = 0;
    arrived.resolve(() => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on('end', () => response.end(String(received)));
    });
  });
  const request = bench.request({ method: 'POST', headers: { 'content-length': size } });
  const poured = pour(request, size);
  const read = await arrived.promise;
  expect(await bench.standstill(() => poured.sent)).toBeLessThan(size / 2);
  read();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect((await answerOf(response)).body).toBe(String(size));
});

test('an answer that comes before the upload is done reaches a client that goes on sending', async () => {
  await bench.app('web:acme', (_request, response) => response.writeHead(413).end('too large'));
  const socket = await bench.socket();
  const half = 'x'.repeat(100_000);
  socket.write(`POST / HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 200000\r\n\r\n${half}`);
  expect(await readUntil(socket, 'too large')).toContain('413');
  socket.write(`${half}GET /no HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n`);
  expect(await readUntil(socket, 'unknown_tenant')).toContain('404');
});

test.each(['Connection: close\r\nContent-Length: 50000000', 'Connection: close\r\nTransfer-Encoding: chunked'])(
  'an early answer that ends the connection is not lost to a client that still sends: %j (bug: it was reset)',
  async (lines) => {
    await bench.app('web:acme', (_request, response) => response.writeHead(413).end('too large'.padEnd(1_000_000)));
    const socket = await bench.socket();
    socket.write(`POST / HTTP/1.1\r\nHost: acme.localhost\r\n${lines}\r\n\r\n`);
    // The client looks for the response after sending much more than the buffers hold.
    const part = Buffer.alloc(0x100000, 'x');
    const bytes = lines.endsWith('chunked')
      ? Buffer.concat([Buffer.from('100000\r\n'), part, Buffer.from('\r\n')])
      : part;
    for (let sent = 0; sent < 20; sent += 1) await new Promise((resolve) => socket.write(bytes, resolve));
    expect((await readAll(socket)).length).toBeGreaterThan(1_000_000);
  },
);

test('a client that sends only the head of an upload, and waits, gets an early answer', async () => {
  await bench.app('web:acme', (_request, response) => response.writeHead(401).end('not you'));
  for (const framing of ['Transfer-Encoding: chunked', 'Content-Length: 1000000']) {
    const socket = await bench.socket();
    socket.write(`POST / HTTP/1.1\r\nHost: acme.localhost\r\n${framing}\r\n\r\n`);
    expect(await readUntil(socket, 'not you')).toContain('401');
  }
});

test('a client that waits for 100 Continue gets it from the tenant that takes the body', async () => {
  await bench.app('web:acme', echo);
  const request = bench.request({ method: 'POST', headers: { expect: '100-continue', 'content-length': '4' } });
  request.flushHeaders();
  await once(request, 'continue');
  request.end('body');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const seen = JSON.parse((await answerOf(response)).body);
  expect(seen.body).toBe('body');
  expect(seen.rawHeaders.join('\n').toLowerCase()).not.toContain('expect');
});

test('a refused client that waits for 100 Continue gets the refusal before it sends anything', async () => {
  const text = await bench.raw(
    'POST / HTTP/1.1\r\nHost: nobody.localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
  );
  expect(text).toMatch(/^HTTP\/1\.1 404 /);
});

test('a client that is slow to send is not timed out, a tenant that is slow to answer is', async () => {
  holdTime();
  const begun = Promise.withResolvers<void>();
  const tenant = await bench.app('web:acme', (request, response) => {
    if (request.method === 'GET') return;
    request.once('data', () => begun.resolve());
    echo(request, response);
  });
  bench.source.requestTimeoutMs = 20;
  const request = bench.request({ method: 'POST' });
  request.write('slow');
  await begun.promise;
  // These requests begin later and run into the same time-out.
  for (let index = 0; index < 2; index += 1) {
    const asked = once(tenant, 'request');
    const answer = bench.fetch();
    await asked;
    vi.advanceTimersByTime(20);
    expect((await answer).status).toBe(504);
  }
  request.end('er');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(JSON.parse((await answerOf(response)).body).body).toBe('slower');
});

test('request_timeout begins with the last part of an upload (bug: with its first)', async () => {
  holdTime();
  bench.source.requestTimeoutMs = 500;
  const begun = Promise.withResolvers<void>();
  const whole = Promise.withResolvers<ServerResponse>();
  await bench.app('web:acme', (request, response) => {
    request.once('data', () => begun.resolve());
    request.once('end', () => whole.resolve(response));
  });
  const request = bench.request({ method: 'POST' });
  request.write('one');
  await begun.promise;
  vi.advanceTimersByTime(350);
  request.end('two');
  const answer = await whole.promise;
  vi.advanceTimersByTime(300);
  answer.end('in time');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect((await answerOf(response)).body).toBe('in time');
});
