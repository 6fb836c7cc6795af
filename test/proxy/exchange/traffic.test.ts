/** What a request adds to the usage of its tenant, compared to the bytes that the client saw. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { trafficNow } from '../../../src/core/usage/traffic.ts';
import { Bench, readUntil } from '../support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

/** Waits until a client's side of a connection agrees with the counts; reading it takes a turn or two. */
async function expectCounted(socket: Socket, requests: number, errors = 0): Promise<void> {
  const { traffic } = bench.source;
  await expect
    .poll(() => {
      traffic.update();
      return trafficNow(traffic);
    })
    .toEqual({ requests, errors, ingressBytes: socket.bytesWritten, egressBytes: socket.bytesRead });
}

function post(host: string, body: string, more = ''): string {
  return `POST /x HTTP/1.1\r\nHost: ${host}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function get(host: string, more = ''): string {
  return `GET /x HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
}

const DONE = 'the end of the answer';

test('counts heads and bodies of requests and responses on a kept connection to the byte', async () => {
  await bench.app('web:acme', (request, response) => request.resume().on('end', () => response.end(DONE)));
  const socket = await bench.socket();
  for (const size of [0, 10, 100_000]) {
    socket.write(post('acme.localhost', 'x'.repeat(size), 'X-Odd:  blanks  \r\n'));
    await readUntil(socket, DONE);
  }
  await expectCounted(socket, 3);
});

test('counts chunked bodies with their framing', async () => {
  await bench.app('web:acme', (request, response) => {
    request.resume().on('end', () => {
      response.write('first');
      setImmediate(() => response.end(DONE));
    });
  });
  const socket = await bench.socket();
  const chunked = 'Transfer-Encoding: chunked\r\n';
  socket.write(`POST / HTTP/1.1\r\nHost: acme.localhost\r\n${chunked}\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n`);
  await readUntil(socket, '0\r\n\r\n');
  await expectCounted(socket, 1);
});

test('counts interim answers', async () => {
  await bench.app('web:acme', (_request, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end(DONE);
  });
  const socket = await bench.socket();
  socket.write(get('acme.localhost'));
  await readUntil(socket, DONE);
  await expectCounted(socket, 1);
});

test('counts the bytes of an event stream while it goes on', async () => {
  await bench.app('web:acme', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`data: ${DONE}\n\n`);
  });
  const socket = await bench.socket();
  socket.write(get('acme.localhost'));
  await readUntil(socket, DONE);
  await expectCounted(socket, 1);
});

test('counts a WebSocket as one request, and its bytes in both directions while it is open', async () => {
  const sockets = new WebSocketServer({ noServer: true });
  const app = await bench.app('web:acme', () => {});
  app.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (one) => one.on('message', (text) => one.send(`${text}${text}`)));
  });
  const client = new WebSocket(`${bench.webSocketScheme}://127.0.0.1:${bench.port}/`, {
    headers: { host: 'acme.localhost' },
    rejectUnauthorized: false,
  });
  await once(client, 'open');
  client.send('x'.repeat(3000));
  await once(client, 'message');
  await expectCounted((client as unknown as { _socket: Socket })._socket, 1);
  client.terminate();
});

test('counts responses of 500 and more as errors', async () => {
  await bench.app('web:acme', (request, response) => {
    response.statusCode = Number(request.headers['x-status']);
    response.end(DONE);
  });
  const socket = await bench.socket();
  for (const status of [499, 500, 503]) {
    socket.write(get('acme.localhost', `X-Status: ${status}\r\n`));
    await readUntil(socket, DONE);
  }
  await expectCounted(socket, 3, 2);
});

test('counts a request whose process breaks off as an error', async () => {
  await bench.rawApp('web:acme', (socket) => socket.once('data', () => socket.destroy()));
  const socket = await bench.socket();
  socket.write(post('acme.localhost', 'body'));
  await readUntil(socket, 'upstream_failed');
  await expectCounted(socket, 1, 1);
});

test('counts a request once that is sent again', async () => {
  let tries = 0;
  await bench.rawApp('web:acme', (socket) =>
    socket.once('data', () => {
      tries += 1;
      if (tries === 1) socket.destroy();
      else socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${DONE.length}\r\n\r\n${DONE}`);
    }),
  );
  const socket = await bench.socket();
  socket.write(get('acme.localhost'));
  await readUntil(socket, DONE);
  expect(tries).toBe(2);
  await expectCounted(socket, 1);
});

test('counts nothing of requests that tenement answers itself', async () => {
  bench.source.upstreams.set('web:acme', { socketPath: '/nowhere' });
  bench.source.script.push(() => ({ refused: 'stopped', retryAfterS: null }));
  await bench.fetch();
  await bench.fetch({ headers: { host: 'nobody.localhost' } });
  await bench.raw('nonsense\r\n\r\n');
  expect(trafficNow(bench.source.traffic)).toEqual({ requests: 0, errors: 0, ingressBytes: 0, egressBytes: 0 });
});

test('counts the rest of a body that arrives after the response', async () => {
  await bench.app('web:acme', (_request, response) => response.end(DONE));
  const socket = await bench.socket();
  socket.write('POST / HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 20\r\n\r\n0123456789');
  await readUntil(socket, DONE);
  socket.write('0123456789');
  await expectCounted(socket, 1);
});

test('counts what a client sent while its request was held', async () => {
  await bench.app('web:acme', (request, response) => request.resume().on('end', () => response.end(DONE)));
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.source.script.push((grant) => promise.then(grant));
  const socket = await bench.socket();
  socket.write(post('acme.localhost', 'y'.repeat(5000)));
  // The proxy reads what the client has sent before it answers a later one.
  await bench.fetch({ headers: { host: 'nobody.localhost' } });
  resolve();
  await readUntil(socket, DONE);
  await expectCounted(socket, 1);
});
