/** Writes each response by node:http and by tenement, and reads both by node:http's client: they must be equal. */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { ClientResponse } from '../../../../src/proxy/client/client.ts';
import { PlainResponse } from '../../../../src/proxy/client/plain/plain-response.ts';

const KEEP_ALIVE_LINES = 'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n';
const DATE = /^date$/i;

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

type Answer = (response: ClientResponse) => void;

interface Seen {
  readonly status: number;
  readonly reason: string;
  /** The response without the value of Date. */
  readonly headers: string[];
  readonly body: string;
  readonly trailers: string[];
}

interface Asked {
  readonly method: string;
  readonly keepAlive: boolean;
}

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function byNode(asked: Asked, answer: Answer): Promise<Seen> {
  const server = http.createServer({ keepAliveTimeout: 5000 }, (_request, response) => {
    response.shouldKeepAlive = asked.keepAlive;
    answer(response);
  });
  return ask(asked, await portOf(server));
}

async function byUs({ method, keepAlive }: Asked, answer: Answer): Promise<Seen> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const onAnswered = () => void (keepAlive || socket.destroySoon());
    const owner = { socket, keepAliveLines: KEEP_ALIVE_LINES, onAnswered };
    socket.once('data', () => answer(new PlainResponse(owner, { isHead: method === 'HEAD', keepAlive })));
  });
  return ask({ method, keepAlive }, await portOf(server));
}

async function ask({ method }: Asked, port: number): Promise<Seen> {
  const request = http.request({
    method,
    port,
    host: '127.0.0.1',
    agent: false,
    headers: { connection: 'keep-alive' },
  });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const raw = response.rawHeaders;
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    headers: raw.map((value, index) => (DATE.test(raw[index - 1] ?? '') ? '' : value)),
    body: Buffer.concat(chunks).toString('latin1'),
    trailers: response.rawTrailers,
  };
}

const ANSWERS: Record<string, Answer> = {
  'a text with its length': (response) => {
    response.writeHead(200, 'Fine', ['Content-Type', 'text/plain', 'content-length', '3']);
    response.end('abc', 'latin1');
  },
  'bytes of all values as latin1': (response) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    response.writeHead(200, undefined, ['Content-Length', '256']);
    response.end(bytes.toString('latin1'), 'latin1');
  },
  'a text beyond ASCII': (response) => {
    response.writeHead(404, undefined, ['Content-Length', '3']);
    response.end('é.');
  },
  'a buffer with its length': (response) => {
    response.writeHead(200, undefined, ['Content-Length', '100000']);
    response.end(Buffer.alloc(100_000, 'a'));
  },
  'parts with their length': (response) => {
    response.writeHead(200, undefined, ['Content-Length', '6']);
    response.write(Buffer.from('abc'));
    response.write(Buffer.from('de'));
    response.end(Buffer.from('f'));
  },
  'parts without a length': (response) => {
    response.writeHead(200, undefined, []);
    response.write(Buffer.from('abc'));
    response.write(Buffer.alloc(70_000, 'd'));
    response.end('ef', 'latin1');
  },
  'a text without a length': (response) => {
    response.writeHead(200, undefined, ['X-A', '1', 'X-A', '2', 'x-b', '\xe9']);
    response.end('abc', 'latin1');
  },
  'nothing without a length': (response) => {
    response.writeHead(200, undefined, []);
    response.end();
  },
  'the head alone first': (response) => {
    response.writeHead(200, undefined, ['Content-Type', 'text/event-stream']);
    response.flushHeaders();
    response.write(Buffer.from('data: 1\n\n'));
    response.end();
  },
  trailers: (response) => {
    response.writeHead(200, undefined, []);
    response.write(Buffer.from('abc'));
    response.addTrailers([
      ['X-T', '1'],
      ['X-U', '2'],
    ]);
    response.end();
  },
  '204': (response) => {
    response.writeHead(204, undefined, ['X-A', '1']);
    response.end();
  },
  '304': (response) => {
    response.writeHead(304, undefined, ['ETag', '"a"', 'Content-Length', '7']);
    response.end();
  },
  'a date of its own': (response) => {
    response.writeHead(200, undefined, ['date', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Content-Length', '0']);
    response.end();
  },
  'a status of its own': (response) => {
    response.writeHead(299, undefined, ['Content-Length', '0']);
    response.end();
  },
  'early hints': (response) => {
    response.writeEarlyHints({ link: ['</a.css>; rel=preload'] });
    response.writeProcessing();
    response.writeHead(200, undefined, ['Content-Length', '0']);
    response.end();
  },
};

const CASES = Object.keys(ANSWERS).flatMap((name) =>
  ['GET', 'HEAD'].flatMap((method) => [true, false].map((keepAlive) => [name, { method, keepAlive }] as const)),
);

test.each(CASES)('%s, to %o', async (name, asked) => {
  const answer = ANSWERS[name];
  if (answer === undefined) throw new Error(name);
  const [node, ours] = await Promise.all([byNode(asked, answer), byUs(asked, answer)]);
  expect(ours).toEqual(node);
});
