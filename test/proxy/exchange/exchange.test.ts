import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Admission } from '../../../src/core/admission/serving.ts';
import { answerOf, Bench, echo, type FakeLease, pour, readUntil } from '../support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

const lease = (index = 0) => {
  const found = bench.source.leases[index];
  if (found === undefined) throw new Error(`no lease ${index}`);
  return found;
};

test('a request reaches the tenant and its answer comes back, status, reason, headers and body', async () => {
  await bench.app('web:acme', (_request, response) => {
    response.writeHead(201, 'Made', ['Set-Cookie', 'a=1', 'X-Odd', 'yes', 'Set-Cookie', 'b=2']);
    response.end('hello');
  });
  const answer = await bench.fetch({ path: '/a/../b?c=%20d' });
  expect(answer).toMatchObject({ status: 201, reason: 'Made', body: 'hello' });
  expect(answer.raw.slice(0, 6)).toEqual(['Set-Cookie', 'a=1', 'X-Odd', 'yes', 'Set-Cookie', 'b=2']);
  await lease().released;
  expect(lease().releases).toBe(1);
});

test('the path is forwarded as it was written', async () => {
  await bench.app('web:acme', echo);
  const { body } = await bench.fetch({ path: '//a/../b?c=%20d&c=?' });
  expect(JSON.parse(body).url).toBe('//a/../b?c=%20d&c=?');
});

test('one connection alternates between two tenants by Host', async () => {
  await bench.app('web:acme', (_request, response) => response.end('I am acme'));
  await bench.app('web:beta', (_request, response) => response.end('I am beta'));
  const socket = await bench.socket();
  for (const name of ['acme', 'beta', 'acme']) {
    socket.write(`GET / HTTP/1.1\r\nHost: ${name}.localhost\r\n\r\n`);
    expect(await readUntil(socket, 'I am')).toContain(`I am ${name}`);
  }
});

test('a held request is served when the claim is granted, and its header says how long it was held', async () => {
  await bench.app('web:acme', (_request, response) => {
    response.setHeader('Server-Timing', 'db;dur=1');
    response.end('awake');
  });
  bench.source.heldMs = 41.23;
  bench.source.script.push(async (grant) => grant());
  const answer = await bench.fetch();
  expect(answer.body).toBe('awake');
  expect(answer.raw.filter((_, index) => answer.raw[index - 1]?.toLowerCase() === 'server-timing')).toEqual([
    'db;dur=1',
    'wake;dur=41.2',
  ]);
});

test('a client that leaves while held aborts its own claim only', async () => {
  bench.stopTime();
  await bench.app('web:acme', echo);
  const held = Promise.withResolvers<AbortSignal>();
  bench.source.script.push((_grant, signal) => {
    held.resolve(signal);
    return new Promise<Admission>((resolve) => {
      signal.addEventListener('abort', () => resolve({ refused: 'starting', retryAfterS: null }));
    });
  });
  const request = bench.request();
  request.on('error', () => {});
  request.end();
  const signal = await held.promise;
  const other = await bench.fetch();
  expect(other.status).toBe(200);
  expect(signal.aborted).toBe(false);
  const aborted = once(signal, 'abort');
  request.destroy();
  await bench.passIntervalsUntil(aborted);
});

test('a lease that is granted to a client that left is released', async () => {
  bench.stopTime();
  await bench.app('web:acme', echo);
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  bench.source.script.push(async (grant, signal) => {
    signals.push(signal);
    resolve();
    await once(signal, 'abort');
    return grant();
  });
  const request = bench.request();
  request.on('error', () => {});
  request.end();
  await promise;
  const [signal] = signals;
  request.destroy();
  if (signal !== undefined && !signal.aborted) await bench.passIntervalsUntil(once(signal, 'abort'));
  await Promise.resolve();
  await lease().released;
  expect(lease().releases).toBe(1);
});

test('a refused claim is answered with its status and Retry-After', async () => {
  await bench.app('web:acme', echo);
  bench.source.script.push(() => ({ refused: 'failed', retryAfterS: 7 }));
  const answer = await bench.fetch();
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('7');
  expect(JSON.parse(answer.body).code).toBe('failed');
});

test('a claim that throws is answered with 500 and no detail', async () => {
  await bench.app('web:acme', echo);
  bench.source.script.push(() => Promise.reject(new Error('secret /path')));
  const answer = await bench.fetch();
  expect(answer.status).toBe(500);
  expect(answer.body).not.toContain('secret');
});

test('a client that leaves in mid-response ends the connection to the tenant and releases', async () => {
  bench.stopTime();
  const gone = Promise.withResolvers<void>();
  await bench.app('web:acme', (_request, response) => {
    response.on('close', gone.resolve);
    response.write('some');
  });
  const request = bench.request();
  request.on('error', () => {});
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  await once(response, 'data');
  request.destroy();
  await bench.passIntervalsUntil(Promise.all([gone.promise, lease().released]));
  expect(lease().releases).toBe(1);
});

/** A tenant that dies at its first request, and answers later ones. */
async function diesOnce(): Promise<string[]> {
  const seen: string[] = [];
  await bench.rawApp('web:acme', (socket) => {
    socket.once('data', (chunk) => {
      seen.push(chunk.toString().split(' ')[0] ?? '');
      if (seen.length === 1) socket.destroy();
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  return seen;
}

test.each(['GET', 'HEAD', 'OPTIONS'])('a %s that a dying tenant did not answer is sent once more', async (method) => {
  const seen = await diesOnce();
  expect((await bench.fetch({ method })).status).toBe(200);
  expect(seen).toEqual([method, method]);
  expect(bench.source.leases.map(({ releases }) => releases)).toEqual([1, 1]);
});

test.each([
  ['POST', ''],
  ['POST', 'body'],
  ['PUT', 'body'],
  ['PUT', ''],
  ['DELETE', ''],
  ['TRACE', ''],
  ['GET', 'body'],
])('a %s with the body "%s" that a dying tenant may have acted on is answered with 502', async (method, body) => {
  const seen = await diesOnce();
  const answer = await bench.fetch({ method, headers: { 'content-length': body.length } }, body);
  expect(answer.status).toBe(502);
  expect(JSON.parse(answer.body).code).toBe('upstream_failed');
  expect(seen).toEqual([method]);
});

test('a GET goes to the next process also when the end of the first is seen late (bug: 502, since it had been tried twice)', async () => {
  await bench.app('web:next', (_request, response) => response.end('next'));
  const server = await bench.rawApp('web:acme', (socket) => {
    socket.once('data', () => {
      server.close();
      socket.destroy();
    });
  });
  const dies = (grant: () => FakeLease) => grant();
  const refuses = (grant: () => FakeLease) => {
    const dead = grant();
    setTimeout(() => {
      bench.source.upstreams.set('web:acme', bench.source.upstreams.get('web:next') ?? { port: 0 });
      bench.source.generation += 1;
      bench.source.retire(dead.generation);
    }, 50);
    return dead;
  };
  bench.source.script.push(dies, refuses);
  expect(await bench.fetch()).toMatchObject({ status: 200, body: 'next' });
  expect(bench.source.leases.map(({ releases }) => releases)).toEqual([1, 1, 1]);
});

test.each([
  ['half a status line', 'HTTP/1.1 20'],
  ['what is no HTTP', 'SSH-2.0-OpenSSH\r\n'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
])('a GET of which %s came back is not sent again', async (_name, bytes) => {
  const seen: string[] = [];
  await bench.rawApp('web:acme', (socket) => {
    socket.once('data', (chunk) => {
      seen.push(chunk.toString().split(' ')[0] ?? '');
      socket.end(bytes);
    });
  });
  expect((await bench.fetch()).status).toBe(502);
  expect(seen).toEqual(['GET']);
});

test('a second try names its request and the process that it was sent to first', async () => {
  for (const path of ['/page?a=1', '/page?a=1', '/page?a=2']) {
    await diesOnce();
    await bench.fetch({ path });
    bench.source.generation += 1;
  }
  const [first, same, other] = bench.source.secondTries;
  expect(bench.source.secondTries).toHaveLength(3);
  expect(first?.generation).toBe(bench.source.leases[0]?.generation);
  expect(same?.request).toBe(first?.request);
  expect(other?.request).not.toBe(first?.request);
});

test('a second try that is refused is the answer', async () => {
  const seen = await diesOnce();
  bench.source.script.push(
    (grant) => grant(),
    () => ({ refused: 'upstream_failed', retryAfterS: null }),
  );
  expect((await bench.fetch()).status).toBe(502);
  expect(seen).toEqual(['GET']);
});

test('a lease gets the outcome of its request', async () => {
  await diesOnce();
  await bench.fetch();
  expect(bench.source.leases.map(({ outcome }) => outcome)).toEqual(['broke-off', 'answered']);
});

test('a tenant that dies twice gives 502', async () => {
  await bench.rawApp('web:acme', (socket) => socket.once('data', () => socket.destroy()));
  expect((await bench.fetch()).status).toBe(502);
  expect(bench.source.leases.map(({ releases }) => releases)).toEqual([1, 1]);
});

test('a POST that could not even be sent is sent to the next process', async () => {
  const server = await bench.app('web:acme', echo);
  const good = bench.source.upstreams.get('web:acme');
  if (good === undefined) throw new Error('no upstream');
  bench.source.upstreams.set('web:acme', { socketPath: `${bench.dir}/gone.sock` });
  bench.source.script.push((grant) => {
    const dead = grant();
    bench.source.upstreams.set('web:acme', good);
    bench.source.generation += 1;
    setImmediate(() => bench.source.retire(dead.generation));
    return dead;
  });
  const answer = await bench.fetch({ method: 'POST' }, 'precious');
  expect(JSON.parse(answer.body).body).toBe('precious');
  expect(server.listening).toBe(true);
});

test.each(['Content-Length: 100\r\n', 'Transfer-Encoding: chunked\r\n'])(
  'a body that breaks off (%s) breaks off for the client too',
  async (header) => {
    const upstream = Promise.withResolvers<Socket>();
    await bench.rawApp('web:acme', (socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n4\r\nhalf\r\n`);
        upstream.resolve(socket);
      });
    });
    const request = bench.request();
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response, 'data');
    (await upstream.promise).destroy();
    await expect(answerOf(response)).rejects.toThrow('aborted');
    expect(lease().releases).toBe(1);
  },
);

test('a tenant that does not begin to answer within request_timeout gives 504, and is not asked again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  let asked = 0;
  const gone = Promise.withResolvers<void>();
  const tenant = await bench.app('web:acme', (_request, response) => {
    asked += 1;
    response.on('close', gone.resolve);
  });
  bench.source.requestTimeoutMs = 50;
  const arrived = once(tenant, 'request');
  const answering = bench.fetch();
  await arrived;
  vi.advanceTimersByTime(49);
  expect(lease().releases).toBe(0);
  vi.advanceTimersByTime(1);
  const answer = await answering;
  expect(answer.status).toBe(504);
  expect(JSON.parse(answer.body).code).toBe('upstream_timeout');
  await gone.promise;
  expect(asked).toBe(1);
  expect(lease().releases).toBe(1);
});

test('server-sent events arrive while the response is open, head first, and become a stream', async () => {
  const upstream = Promise.withResolvers<ServerResponse>();
  await bench.app('web:acme', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders();
    upstream.resolve(response);
  });
  const request = bench.request();
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(lease().stream).toBe(true);
  const events = await upstream.promise;
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    events.write(text);
    expect(String((await once(response, 'data'))[0])).toBe(text);
  }
  expect(lease().releases).toBe(0);
  events.end();
  await lease().released;
});

test('HEAD, 204 and 304 have no body and keep their headers', async () => {
  await bench.app('web:acme', (request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '12' });
    else response.writeHead(Number(request.url?.slice(1)), { etag: '"x"' });
    response.end();
  });
  const head = await bench.fetch({ method: 'HEAD' });
  expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '12', '']);
  for (const status of [204, 304]) {
    const answer = await bench.fetch({ path: `/${status}` });
    expect([answer.status, answer.headers.etag, answer.body]).toEqual([status, '"x"', '']);
    expect(answer.headers['transfer-encoding']).toBeUndefined();
  }
});

test('early hints reach the client before the answer', async () => {
  await bench.app('web:acme', (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' }, () => response.end('page'));
  });
  const request = bench.request();
  const hints = once(request, 'information');
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const [info] = await hints;
  expect(info).toMatchObject({ statusCode: 103, headers: { link: '</a.css>; rel=preload; as=style' } });
  expect((await answerOf(response)).body).toBe('page');
});

test('trailers are passed on', async () => {
  await bench.app('web:acme', (_request, response) => {
    response.setHeader('Trailer', 'X-Sum');
    response.write('body');
    response.addTrailers({ 'X-Sum': '42' });
    response.end();
  });
  const request = bench.request();
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await answerOf(response);
  expect(response.trailers).toEqual({ 'x-sum': '42' });
});

test('a slow reader holds the tenant back: 20 MB down arrive whole, and never lie in memory', async () => {
  const size = 20 * 1024 * 1024;
  const pouring = Promise.withResolvers<{ sent: number }>();
  await bench.app('web:acme', (_request, response) => pouring.resolve(pour(response, size)));
  const request = bench.request();
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const poured = await pouring.promise;
  expect(await bench.standstill(() => poured.sent)).toBeLessThan(size / 2);
  let received = 0;
  for await (const chunk of response) received += chunk.length;
  expect(received).toBe(size);
});

test('a connection is reused for the same generation and closed when that retires', async () => {
  // A connection that was idle for a while is not reused.
  vi.useFakeTimers({ toFake: ['performance'] });
  const server = await bench.app('web:acme', echo);
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => connections.push(socket));
  await bench.fetch();
  await bench.fetch();
  expect(connections).toHaveLength(1);
  const [connection] = connections;
  if (connection === undefined) throw new Error('no connection');
  const closed = once(connection, 'close');
  bench.source.retire(lease().generation);
  await closed;
});
