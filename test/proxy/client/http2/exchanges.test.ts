import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { echo } from '../../support.ts';
import type { RawHttp2 } from './raw-http2.ts';
import { answerOf, request, SecureBench } from './support.ts';

let secure: SecureBench;

beforeEach(async () => {
  secure = await SecureBench.open({ limits: { maxHeaderBytes: 4096 } });
});

afterEach(() => secure.close());

describe('a request over HTTP/2', () => {
  test('reaches its tenant as one of HTTP/1.1', async () => {
    await secure.bench.app('web:acme', echo);
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1' };
    const answer = await secure.fetch({ ':path': '/a?b=c', 'x-one': '1', cookie: ['a=1', 'b=2'], ...trace });
    expect(answer.status).toBe(200);
    const seen = JSON.parse(answer.body);
    expect(seen).toMatchObject({ method: 'GET', url: '/a?b=c', body: '' });
    expect(pairs(seen.rawHeaders)).toEqual(
      expect.arrayContaining([
        ['host', 'acme.localhost'],
        ['x-one', '1'],
        ...Object.entries(trace),
        ['cookie', 'a=1; b=2'],
        ['X-Forwarded-For', '127.0.0.1'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'acme.localhost'],
        ['X-Tenant-Id', 'acme'],
      ]),
    );
  });

  test('brings a body without a length in chunks, with its trailers', async () => {
    await secure.bench.app('web:acme', (message, response) => {
      message.resume().on('end', () => response.end(JSON.stringify([message.headers, message.trailers])));
    });
    const session = await secure.connect();
    const stream = session.request(
      { ':method': 'POST', ':path': '/', ':authority': 'acme.localhost' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc', 'content-type': 'evil/type' }));
    stream.end('some bytes');
    const [headers, trailers] = JSON.parse((await answerOf(stream)).body);
    expect(headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(headers).not.toHaveProperty('content-length');
    expect(trailers).toEqual({ 'x-sum': 'abc' });
  });

  test('brings a body with its length', async () => {
    await secure.bench.app('web:acme', echo);
    const answer = await secure.fetch({ ':method': 'POST', 'content-length': '5' }, 'hello');
    const seen = JSON.parse(answer.body);
    expect(seen.body).toBe('hello');
    expect(pairs(seen.rawHeaders)).toContainEqual(['content-length', '5']);
    expect(seen.rawHeaders).not.toContain('Transfer-Encoding');
  });

  test('that expects a go-ahead gets it when the tenant takes the body', async () => {
    await secure.bench.app('web:acme', echo);
    const session = await secure.connect();
    const stream = session.request({
      ':method': 'POST',
      ':path': '/',
      ':authority': 'acme.localhost',
      expect: '100-continue',
    });
    await once(stream, 'continue');
    stream.end('asked for');
    expect(JSON.parse((await answerOf(stream)).body).body).toBe('asked for');
  });

  test('shares its connection with others', async () => {
    await secure.bench.app('web:acme', echo);
    const session = await secure.connect();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => answerOf(request(session, { ':path': `/${index}` }))),
    );
    expect(answers.map(({ body }) => JSON.parse(body).url)).toEqual(answers.map((_, index) => `/${index}`));
    expect(new Set(secure.bench.source.leases.map(({ releases }) => releases))).toEqual(new Set([1]));
  });

  test('is held while its tenant wakes, and its connection serves others', async () => {
    await secure.bench.app('web:acme', echo);
    await secure.bench.app('web:beta', echo);
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>();
    secure.bench.source.script.push(async (grant) => {
      await awake;
      return { ...grant(), heldMs: 12.3 };
    });
    const session = await secure.connect();
    const held = request(session);
    await expect.poll(() => secure.bench.source.requesters.length).toBe(1);
    expect((await answerOf(request(session, { ':authority': 'beta.localhost' }))).status).toBe(200);
    wake();
    expect((await answerOf(held)).headers['server-timing']).toBe('wake;dur=12.3');
  });
});

describe('the response over HTTP/2', () => {
  test('has no field of the connection to the tenant', async () => {
    await secure.bench.rawApp('web:acme', (socket) => {
      socket.end(
        [
          'HTTP/1.1 200 Fine\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c',
          'HTTP2-Settings: AAMAAABk\r\nProxy-Connection: close\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Kept: \xe9',
          'Content-Length: 2\r\n\r\nok',
        ].join('\r\n'),
        'latin1',
      );
    });
    const { headers, status, body } = await secure.fetch();
    expect(status).toBe(200);
    expect(body).toBe('ok');
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers['x-kept']).toBe('\xe9');
    const names = Object.keys(headers).filter((name) => !name.startsWith(':'));
    expect(names.sort()).toEqual(['content-length', 'date', 'set-cookie', 'x-kept']);
  });

  test('brings trailers and early hints', async () => {
    await secure.bench.app('web:acme', (_message, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('body');
        response.addTrailers({ 'x-sum': 'abc' });
        response.end();
      });
    });
    const session = await secure.connect();
    const stream = request(session);
    const hints = once(stream, 'headers');
    const { body, trailers } = await answerOf(stream);
    expect((await hints)[0]).toMatchObject({ ':status': 103, link: '</style.css>; rel=preload' });
    expect(body).toBe('body');
    expect(trailers).toMatchObject({ 'x-sum': 'abc' });
  });

  test('has trailers also when all of it arrives in pieces', async () => {
    await secure.bench.rawApp('web:acme', (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n', () => {
        setImmediate(() => socket.end('3\r\ntwo\r\n0\r\nX-Sum: abc\r\n\r\n'));
      });
    });
    expect(await secure.fetch()).toMatchObject({ body: 'onetwo', trailers: { 'x-sum': 'abc' } });
  });

  test.each([204, 205, 304])('with the status %i has no body', async (status) => {
    await secure.bench.app('web:acme', (_message, response) => response.writeHead(status, { etag: '"1"' }).end());
    expect(await secure.fetch()).toMatchObject({ status, body: '', headers: { etag: '"1"' } });
  });

  test('to HEAD has the length of the body, and no body', async () => {
    await secure.bench.app('web:acme', (_message, response) => response.writeHead(200, { 'content-length': 7 }).end());
    const answer = await secure.fetch({ ':method': 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'content-length': '7' } });
  });

  test('ends with a reset when the tenant breaks off', async () => {
    await secure.bench.rawApp('web:acme', (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart', () => setImmediate(() => socket.destroy()));
    });
    await expect(secure.fetch()).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  });

  test('is the page of an error where no tenant answers', async () => {
    const unknown = await secure.fetch({ ':authority': 'nobody.localhost', accept: 'text/html' });
    expect(unknown).toMatchObject({ status: 404, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(unknown.headers['x-request-id']).toMatch(/^[\w-]+$/);
  });

  test('tells when to try again', async () => {
    await secure.bench.app('web:acme', echo);
    secure.bench.source.script.push(() => ({ refused: 'wake_queue_full', retryAfterS: 7 }));
    expect(await secure.fetch()).toMatchObject({ status: 503, headers: { 'retry-after': '7' } });
  });

  test('comes before the end of a body that nobody takes, which the client need not send', async () => {
    await secure.bench.rawApp('web:acme', (socket) => {
      socket.end('HTTP/1.1 413 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig');
    });
    const session = await secure.connect();
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': 'acme.localhost' });
    stream.write('the beginning');
    const answer = await answerOf(stream);
    expect(answer).toMatchObject({ status: 413, body: 'big' });
    expect(stream.rstCode).toBe(0);
    if (!stream.closed) await once(stream, 'close');
  });
});

describe('a host', () => {
  beforeEach(() => secure.bench.app('web:acme', echo));

  test('is taken from `host` where there is no authority', async () => {
    const raw = await secure.raw();
    raw.request(1, [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/'],
      ['host', 'acme.localhost'],
    ]);
    expect(await statusOf(raw, 1)).toBe(200);
  });

  test('that the certificate of the connection covers is served on it', async () => {
    await secure.bench.app('web:beta', echo);
    const session = await secure.connect();
    expect((await answerOf(request(session, { ':authority': 'beta.localhost:8443' }))).status).toBe(200);
    expect((await answerOf(request(session, { ':authority': 'acme.web.localhost' }))).status).toBe(200);
  });

  test('that the certificate does not cover gets 421', async () => {
    const session = await secure.connect();
    const answer = await answerOf(request(session, { ':authority': 'acme.example.com' }));
    expect(answer.status).toBe(421);
    expect(JSON.parse(answer.body).code).toBe('misdirected_request');
    expect((await answerOf(request(session))).status).toBe(200);
  });
});

describe('traffic over HTTP/2', () => {
  test('counts as the same request over HTTP/1.1 would, and its response without a line of the connection', async () => {
    await secure.bench.app('web:acme', (message, response) => {
      const head = { 'content-length': 3000, date: 'today' };
      message.resume().on('end', () => response.writeHead(200, head).end('x'.repeat(3000)));
    });
    const { traffic } = secure.bench.source;
    await secure.fetch({ ':method': 'POST', ':path': '/path', 'content-length': '2000' }, 'y'.repeat(2000));
    const asked = 'POST /path HTTP/1.1\r\nhost: acme.localhost\r\ncontent-length: 2000\r\n\r\n';
    const answered = 'HTTP/1.1 200 OK\r\ncontent-length: 3000\r\ndate: today\r\n\r\n';
    expect(traffic.requests).toBe(1);
    await expect.poll(() => traffic.egressBytes).toBe(3000 + answered.length);
    expect(traffic.ingressBytes).toBe(2000 + asked.length);
  });
});

/** Reads a status that nghttp2 sends by its index in the static table, or else as text. */
async function statusOf(raw: RawHttp2, stream: number): Promise<number> {
  const { payload } = await raw.frame(1, stream);
  const indexed: Record<number, number> = { 8: 200, 9: 204, 11: 304, 12: 400, 13: 404, 14: 500 };
  return indexed[(payload[0] ?? 0) & 0x7f] ?? 0;
}

function pairs(raw: string[]): [string, string][] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as [string, string]] : []));
}
