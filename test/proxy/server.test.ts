import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { answerOf, Bench, echo, readAll, readUntil } from './support.ts';

let bench: Bench;
afterEach(() => bench.close());

const ACME = 'Host: acme.localhost\r\n';

test.each([
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'bad_host'],
  ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 400, 'bad_host'],
  ['two Hosts', `GET / HTTP/1.1\r\n${ACME}Host: beta.localhost\r\n\r\n`, 400, 'bad_host'],
  ['an invalid Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'bad_host'],
  [
    'a length and chunks',
    `POST / HTTP/1.1\r\n${ACME}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    400,
    'bad_request',
  ],
  ['two lengths', `POST / HTTP/1.1\r\n${ACME}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`, 400, 'bad_request'],
  ['another site in its target', `GET http://beta.localhost/ HTTP/1.1\r\n${ACME}\r\n`, 400, 'bad_host'],
  ['no HTTP', 'rubbish\r\n\r\n', 400, 'bad_request'],
  ['CONNECT', `CONNECT acme.localhost:80 HTTP/1.1\r\n${ACME}\r\n`, 400, 'bad_request'],
  ['an IP address as Host', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 404, 'unknown_tenant'],
])('a request with %s is answered with problem+json and never reaches a tenant', async (_name, bytes, status, code) => {
  bench = await Bench.open();
  await bench.app('web:acme', echo);
  const closing = bytes.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  const text = await bench.raw(bytes === 'rubbish\r\n\r\n' ? bytes : closing);
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(text).toContain('application/problem+json');
  expect(text).toContain(`"code":"${code}"`);
  expect(bench.source.leases).toHaveLength(0);
});

test('an error answer to HEAD has the headers and no body; a browser gets a page', async () => {
  bench = await Bench.open();
  const headers = { host: 'nobody.localhost', accept: 'text/html' };
  const head = await bench.fetch({ method: 'HEAD', headers });
  expect([head.status, head.body]).toEqual([404, '']);
  expect((await bench.fetch({ headers })).body).toContain('<!doctype html>');
});

test('rubbish after a started response cuts the connection instead of writing into it', async () => {
  bench = await Bench.open();
  await bench.app('web:acme', (_request, response) => void response.write('started'));
  const socket = await bench.socket();
  socket.write(`POST / HTTP/1.1\r\n${ACME}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`);
  await readUntil(socket, 'started');
  const rest = readAll(socket);
  socket.write('not a chunk\r\n');
  expect(await rest).toBe('');
  await bench.source.leases[0]?.released;
});

test('a client is named to the tenant; a forged address is not, unless a trusted proxy says it', async () => {
  for (const [trusted, seen, id] of [
    [[], '127.0.0.1', expect.stringMatching(/^[0-9a-f-]{36}$/)],
    [['127.0.0.0/8'], '6.6.6.6, 127.0.0.1', 'given'],
  ] as const) {
    bench = await Bench.open(trusted);
    await bench.app('web:acme', (request, response) => response.end(JSON.stringify(request.headers)));
    const headers = { 'x-forwarded-for': '6.6.6.6', 'x-request-id': 'given', 'x-tenant-id': 'beta' };
    const answer = JSON.parse((await bench.fetch({ headers })).body);
    expect(answer).toMatchObject({ 'x-forwarded-for': seen, 'x-request-id': id, 'x-tenant-id': 'acme' });
    await bench.close();
  }
});

test('an address in use is reported in one line', async () => {
  bench = await Bench.open();
  const second = await Bench.open();
  await second.proxy.close(0);
  await expect(second.proxy.listen({ host: '127.0.0.1', port: bench.port })).rejects.toMatchObject({
    code: 'listen_failed',
    message: `the proxy cannot listen on 127.0.0.1:${bench.port}: another program listens there`,
  });
  await second.close();
});

/** A request whose response the test holds. */
async function underWay(): Promise<{ upstream: ServerResponse; response: Promise<IncomingMessage> }> {
  bench = await Bench.open();
  const arrived = Promise.withResolvers<ServerResponse>();
  await bench.app('web:acme', (_request, response) => arrived.resolve(response));
  const request = bench.request();
  const response = once(request, 'response').then(([found]) => found as IncomingMessage);
  request.end();
  return { upstream: await arrived.promise, response };
}

test('closing takes no more, ends idle connections and lets a request finish', async () => {
  const { upstream, response } = await underWay();
  const idle = await bench.socket();
  // Once this request has been answered, the proxy has certainly accepted the connection.
  idle.write('GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n');
  await readUntil(idle, 'unknown_tenant');
  const idleClosed = once(idle, 'close');
  const closed = bench.proxy.close(60_000);
  await idleClosed;
  const [error] = await once(connect(bench.port, '127.0.0.1'), 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  upstream.end('done');
  const answer = await answerOf(await response);
  expect(answer.body).toBe('done');
  expect(answer.headers.connection).toBe('close');
  await closed;
});

test('closing cuts what has not finished within its grace, and releases it', async () => {
  const { response } = await underWay();
  const failed = expect(response).rejects.toThrow('socket hang up');
  await bench.proxy.close(10);
  await failed;
  await bench.source.leases[0]?.released;
});

test('closing does not wait for an event stream', async () => {
  const { upstream, response } = await underWay();
  upstream.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  const cut = expect(answerOf(await response)).rejects.toThrow('aborted');
  await bench.proxy.close(60_000);
  await cut;
});

test('a large response is not cut by closing when it is written but not yet read', async () => {
  const { upstream, response } = await underWay();
  const size = 12 * 1024 * 1024;
  const finished = once(upstream, 'finish');
  upstream.end(Buffer.alloc(size));
  const stream = await response;
  const closed = bench.proxy.close(60_000);
  let received = 0;
  for await (const chunk of stream) received += chunk.length;
  expect(received).toBe(size);
  await Promise.all([finished, closed]);
});
