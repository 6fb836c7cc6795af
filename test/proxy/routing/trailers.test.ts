import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { announcedTrailers, passableTrailers, takesTrailers } from '../../../src/proxy/routing/trailers.ts';
import { answerOf, Bench, readAll } from '../support.ts';

/** Fields that affect how a message is framed, routed, read, cached or authorized, in equivalent spellings. */
const FORBIDDEN = [
  ...['Content-Length', 'Transfer-Encoding', 'Set-Cookie', 'Host', 'Connection', 'Trailer', 'TE', 'Upgrade', 'Expect'],
  ...['Authorization', 'Cookie', 'WWW-Authenticate', 'Cache-Control', 'If-Match', 'If-None-Match', 'Range'],
  ...['Content-Type', 'Content-Encoding', 'Content-Range', 'Location', 'Age', 'Expires', 'Date', 'Retry-After'],
  ...['X-Tenant-Id', 'X_Tenant_Id', 'X-Forwarded-For', 'Forwarded', 'X-Request-Id', 'Content_Length', 'SET.COOKIE'],
  ...['X-Accel-Redirect', 'X-Sendfile', 'Access-Control-Allow-Origin', 'Vary'],
];
const forged = FORBIDDEN.flatMap((name) => [name, '1']);

test('only trailers that change nothing of the message pass', () => {
  expect(passableTrailers(['X-Checksum', 'a', ...forged, 'Server-Timing', 'b'])).toEqual([
    ...['X-Checksum', 'a'],
    ...['Server-Timing', 'b'],
  ]);
});

test('Trailer names those that pass', () => {
  expect(announcedTrailers(['X-Checksum, Content-Length', 'ETag'])).toBe('X-Checksum, ETag');
  expect(announcedTrailers(['Set-Cookie'])).toBeNull();
  expect(announcedTrailers([])).toBeNull();
});

test.each([
  ['trailers', true],
  ['gzip;q=0.5, Trailers', true],
  ['trailers;q=1', false],
  ['xtrailers', false],
  ['', false],
])('TE: %s says that trailers are read: %s', (value, takes) => {
  expect(takesTrailers([value])).toBe(takes);
});

describe('at the proxy', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  const lines = FORBIDDEN.filter((name) => !/^(?:content-length|transfer-encoding)$/i.test(name));
  const chunked = (trailers: string) => `Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n${trailers}\r\n`;

  it("a tenant's trailers carry no field that belongs into the header (bug)", async () => {
    const trailers = `${FORBIDDEN.map((name) => `${name}: 1\r\n`).join('')}X-Checksum: a\r\n`;
    await bench.rawApp('web:acme', (socket) =>
      socket.on('data', () =>
        socket.write(`HTTP/1.1 200 OK\r\nTrailer: X-Checksum, Set-Cookie\r\n${chunked(trailers)}`),
      ),
    );
    const request = bench.request().end();
    const response = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
    expect((await answerOf(response)).body).toBe('abcd');
    expect(response.rawTrailers).toEqual(['X-Checksum', 'a']);
    expect(response.headers.trailer).toBe('X-Checksum');
  });

  it.each(['HEAD', 'GET'])('Trailer of an answer without chunks does no harm (%s)', async (method) => {
    await bench.rawApp('web:acme', (socket) =>
      socket.on('data', () =>
        socket.write(`HTTP/1.1 204 No Content\r\nTrailer: X-Checksum\r\nX-Method: ${method}\r\n\r\n`),
      ),
    );
    expect((await bench.fetch({ method })).headers).toMatchObject({ 'x-method': method });
  });

  it('an HTTP/1.0 client gets neither trailers nor their names', async () => {
    await bench.rawApp('web:acme', (socket) =>
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nTrailer: X-T\r\n${chunked('X-T: 1\r\n')}`)),
    );
    const answer = await bench.raw('GET / HTTP/1.0\r\nHost: acme.localhost\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nabcd$/s);
    expect(answer).not.toContain('X-T');
  });

  it('a client sends its tenant trailers, their names and TE, and nothing that belongs into the header', async () => {
    let seen: IncomingMessage | null = null;
    await bench.app('web:acme', (request, response) => {
      seen = request;
      request.resume().once('end', () => response.end());
    });
    const head = 'POST / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close, TE\r\nTE: trailers, deflate\r\n';
    const trailers = `${lines.map((name) => `${name}: 1\r\n`).join('')}X-Checksum: a\r\n`;
    const socket = await bench.connect(bench.port);
    const answer = readAll(socket);
    socket.write(`${head}Trailer: X-Checksum, Content-Length\r\n${chunked(trailers)}`);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(seen).toMatchObject({
      rawTrailers: ['X-Checksum', 'a'],
      headers: { te: 'trailers', trailer: 'X-Checksum', connection: 'keep-alive, TE' },
    });
  });
});
