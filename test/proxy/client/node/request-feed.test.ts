/** Each connection has one request at a time, with either reader. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Bench, readAll, readUntil } from '../../support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

const HOST = 'Host: acme.localhost\r\n';

/** An application that shows how many requests it had at once, and their content. */
async function recorder() {
  const seen: string[] = [];
  let open = 0;
  let mostOpen = 0;
  await bench.app('web:acme', async (request: IncomingMessage, response: ServerResponse) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    let body = '';
    for await (const part of request) body += part;
    seen.push(`${request.url} ${body}`);
    open -= 1;
    response.end(`[${request.url}]`);
  });
  return { seen, mostOpen: () => mostOpen };
}

test('a client that pipelines thousands of requests has one in progress, and the rest wait in the kernel', async () => {
  const arrived = Promise.withResolvers<void>();
  await bench.app('web:acme', () => arrived.resolve());
  const socket = await bench.socket();
  const all = Buffer.from(`GET /hang HTTP/1.1\r\n${HOST}\r\n`.repeat(400_000));
  socket.write(all);
  await arrived.promise;
  // By the time another client has its response, this process has read everything that it will.
  await bench.app('web:beta', (_request, response) => response.end());
  await bench.fetch({ headers: { host: 'beta.localhost' } });
  expect(bench.source.leases.map(({ instance }) => instance)).toEqual(['web:acme', 'web:beta']);
  expect([...bench.source.connections.values()]).toEqual([1, 1]);
  expect(socket.writableLength).toBeGreaterThan(0);
});

test('a pipelined request reaches its tenant when the one before is answered, and answers keep their order', async () => {
  const first = Promise.withResolvers<ServerResponse>();
  await bench.app('web:acme', (request, response) => {
    if (request.url === '/1') first.resolve(response);
    else response.end('second');
  });
  const socket = await bench.socket();
  socket.write(`GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`);
  const held = await first.promise;
  expect(bench.source.leases).toHaveLength(1);
  held.end('first');
  expect(await readUntil(socket, 'second')).toMatch(/first.*second/s);
});

test('the end of a head that comes byte by byte is found', async () => {
  const first = Promise.withResolvers<ServerResponse>();
  await bench.app('web:acme', (request, response) => {
    if (request.url === '/1') first.resolve(response);
    else response.end('another');
  });
  await bench.app('web:beta', (_request, response) => response.end());
  const socket = await bench.socket();
  socket.setNoDelay(true);
  for (const part of [`GET /1 HTTP/1.1\r\n${HOST.trimEnd()}\r`, '\n', '\r', `\nGET /2 HTTP/1.1\r\n${HOST}\r\n`]) {
    socket.write(part);
    await bench.fetch({ headers: { host: 'beta.localhost' } });
  }
  const held = await first.promise;
  expect(bench.source.leases.filter(({ instance }) => instance === 'web:acme')).toHaveLength(1);
  held.end('first');
  expect(await readUntil(socket, 'another')).toContain('first');
});

test('a client that leaves with pipelined requests releases the one under way, and nobody gets the others', async () => {
  bench.stopTime();
  const arrived = Promise.withResolvers<void>();
  await bench.app('web:acme', () => arrived.resolve());
  const socket = await bench.socket();
  socket.write(`GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`);
  await arrived.promise;
  socket.destroy();
  await bench.passIntervalsUntil(bench.source.leases[0]?.released ?? Promise.reject(new Error('no lease')));
  expect(bench.source.leases.map(({ releases }) => releases)).toEqual([1]);
});

const BODY = 'a\r\n\r\nGET /inside HTTP/1.1\r\n\r\n';
const SERIES = [
  `GET /1 HTTP/1.1\r\n${HOST}\r\n`,
  `POST /2 HTTP/1.1\r\n${HOST}Content-Length: ${BODY.length}\r\n\r\n${BODY}`,
  `GET /3 HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`,
  `POST /4 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n` +
    `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\nX-Sum: 1\r\n\r\n`,
  `GET /5 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
].join('');

test('pipelined requests with bodies are told apart wherever the bytes are cut, and also when the client closes its half', async () => {
  bench.stopTime();
  const { seen, mostOpen } = await recorder();
  for (let cut = 1; cut < SERIES.length; cut += 3) {
    seen.length = 0;
    const socket = await bench.socket();
    const answers = readAll(socket);
    socket.setNoDelay(true).write(SERIES.slice(0, cut));
    // A byte of another connection comes back only after this connection's bytes have been read.
    await bench.fetch({ path: '/between' });
    socket.end(SERIES.slice(cut));
    expect((await answers).match(/\[\/\d\]/g), `cut at ${cut}`).toEqual(['[/1]', '[/2]', '[/3]', '[/4]', '[/5]']);
    expect(seen.filter((one) => !one.startsWith('/between'))).toEqual([
      '/1 ',
      `/2 ${BODY}`,
      '/3 ',
      `/4 ${BODY}`,
      '/5 ',
    ]);
  }
  expect(mostOpen()).toBeLessThanOrEqual(2);
});

test.each([
  ['its client said that it is the last', `GET /1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`, 200],
  ['it is refused', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['it cannot be parsed', `GET /1 HTTP/1.1\r\nHost : acme.localhost\r\n\r\n`, 400],
])('nothing behind a request is acted on when %s', async (_why, raw, status) => {
  const { seen } = await recorder();
  const answer = await bench.raw(`${raw}POST /behind HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`);
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
  expect(seen.filter((one) => one.startsWith('/behind'))).toEqual([]);
});
