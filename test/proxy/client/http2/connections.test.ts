import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { echo, readAll } from '../../support.ts';
import { CODE, closed, FLAG, FRAME, GET } from './raw-http2.ts';
import { answerOf, request, SecureBench, type SecureBenchOptions } from './support.ts';

async function open(options: SecureBenchOptions = {}): Promise<SecureBench> {
  const secure = await SecureBench.open(options);
  onTestFinished(secure.close);
  return secure;
}

describe('a connection without a request', () => {
  test('closes after the time between two requests', async () => {
    const secure = await open({ limits: { keepAliveTimeoutMs: 200, headerTimeoutMs: 1000 } });
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    client.request(1);
    expect(await client.goneWith()).toBe(CODE.none);
    expect(client.received.some(({ type, stream }) => type === FRAME.data && stream === 1)).toBe(true);
  });

  test('closes after the time for headers when it never had one', async () => {
    const secure = await open({ limits: { headerTimeoutMs: 100 } });
    const silent = await secure.tlsSocket(['h2']);
    const client = await secure.raw();
    await Promise.all([client.goneWith(), closed(silent.resume())]);
  });

  test('closes also when its client sends a part of a head, or PINGs', async () => {
    const secure = await open({ limits: { headerTimeoutMs: 100 } });
    const [partial, pinging] = [await secure.raw(), await secure.raw()];
    partial.request(1, GET, FLAG.endStream);
    const ping = setInterval(() => pinging.send(FRAME.ping, 0, 0, Buffer.alloc(8)), 20);
    onTestFinished(() => clearInterval(ping));
    await Promise.all([partial.goneWith(), pinging.goneWith()]);
  });

  test('stays open while a request is held, or is answered slowly', async () => {
    const secure = await open({ limits: { keepAliveTimeoutMs: 100, headerTimeoutMs: 100 } });
    const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>();
    await secure.bench.app('web:acme', (_message, response) => ask(() => response.end('late')));
    const client = await secure.raw();
    client.request(1);
    const answer = await asked;
    const silent = await secure.raw();
    await silent.goneWith();
    answer();
    expect((await client.frame(FRAME.data, 1)).payload.toString()).toBe('late');
  });
});

describe('a server that closes', () => {
  test('ends what is under way, and says which request was the last', async () => {
    const secure = await open();
    const waiting: (() => void)[] = [];
    await secure.bench.app('web:acme', (_message, response) => waiting.push(() => response.end('done')));
    const client = await secure.raw();
    client.request(1);
    client.request(3);
    await expect.poll(() => waiting.length).toBe(2);
    const closed = secure.drain(30_000);
    expect((await client.frame(FRAME.goaway)).payload.readUInt32BE(0)).toBe(3);
    // This one is not served, so its client sends it again elsewhere.
    client.request(5);
    await client.settled();
    for (const answer of waiting) answer();
    expect((await client.frame(FRAME.data, 1)).payload.toString()).toBe('done');
    expect((await client.frame(FRAME.data, 3)).payload.toString()).toBe('done');
    client.socket.end();
    await closed;
    expect(await client.goneWith()).toBe(CODE.none);
    expect(secure.bench.source.leases.map(({ releases }) => releases)).toEqual([1, 1]);
  });

  test('gives a client all of the last response, however slowly it reads', async () => {
    const secure = await open();
    const size = 3 * 1024 * 1024;
    await secure.bench.app('web:acme', (_message, response) => response.end(Buffer.alloc(size, 'x')));
    const session = await secure.connect();
    const stream = request(session);
    await once(stream, 'response');
    const closed = secure.drain(30_000);
    await once(session, 'goaway');
    let got = 0;
    for await (const part of stream) {
      got += part.length;
      await turn();
    }
    expect(got).toBe(size);
    await closed;
  });

  test('closes idle connections at once', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const session = await secure.connect();
    await answerOf(request(session));
    await secure.drain(30_000);
    if (!session.closed) await once(session, 'close');
  });

  test('waits for no event stream', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', (_message, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const session = await secure.connect();
    const events = request(session);
    await once(events, 'data');
    await secure.drain(30_000);
    if (!events.closed) await once(events, 'close');
  });
});

describe('a connection that breaks', () => {
  test('ends its requests, those that are held too', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', () => {});
    let left = 0;
    const client = await secure.raw();
    client.request(1);
    await expect.poll(() => secure.bench.source.leases.length).toBe(1);
    secure.bench.source.script.push((_grant, signal) => {
      signal.addEventListener('abort', () => {
        left += 1;
      });
      return new Promise(() => {});
    });
    client.request(3);
    await expect.poll(() => secure.bench.source.requesters.length).toBe(2);
    client.socket.destroy();
    await expect.poll(() => left).toBe(1);
    await expect.poll(() => secure.bench.source.leases[0]?.releases).toBe(1);
  });

  test('in the middle of a head, a body or a flood of them leaves nothing', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    for (let count = 0; count < 20; count += 1) {
      const client = await secure.raw();
      for (let stream = 1; stream < 60; stream += 2) client.request(stream, GET, count % 2 === 0 ? 5 : 4);
      client.send(FRAME.reset, 0, 1, Buffer.from([0, 0, 0, count % 14]));
      if (count % 3 === 0) await turn();
      client.socket.destroy();
    }
    await secure.bench.standstill(() => secure.bench.source.leases.length);
    await expect.poll(() => secure.bench.source.leases.every(({ releases }) => releases === 1)).toBe(true);
  });

  test('that is no HTTP/2 closes', async () => {
    const secure = await open();
    const socket = await secure.tlsSocket(['h2']);
    socket.write('GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n'.repeat(10));
    await readAll(socket);
  });
});

test('a client that agrees on HTTP/1.1 is served by the reader of HTTP/1', async () => {
  const secure = await open();
  await secure.bench.app('web:acme', echo);
  const socket = await secure.tlsSocket(['http/1.1']);
  socket.write('GET / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n');
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});
