/**
 * What stands behind the last request of a connection (one that was refused, or that says `close`) reaches nobody,
 * wherever the bytes were cut into packets.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, echo, readAll } from './support.ts';

/** Number of connections at once, each cut elsewhere. */
const AT_ONCE = 16;

let bench: Bench;
/** The requests that reached a tenant. */
let urls: string[];
/** The proxy's ends of the connections, by the client's port. */
const sides = new Map<number, Socket>();
const onSide = (message: unknown) => {
  const { socket } = message as { socket: Socket };
  if (socket.remotePort !== undefined) sides.set(socket.remotePort, socket);
};

beforeEach(async () => {
  subscribe('net.server.socket', onSide);
  bench = await Bench.open();
  urls = [];
  for (const tenant of ['acme', 'globex']) {
    await bench.app(`web:${tenant}`, (request, response) => {
      urls.push(request.url ?? '');
      echo(request, response);
    });
  }
});
afterEach(async () => {
  unsubscribe('net.server.socket', onSide);
  sides.clear();
  await bench.close();
});

const BEHIND = 'POST /behind HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 4\r\n\r\nabcd';
const request = (line: string, ...lines: string[]) => `${[line, ...lines].join('\r\n')}\r\n\r\n`;
const HOST = 'Host: acme.localhost';

const REFUSED: Record<string, string> = {
  'a coding in a list': `${request('POST /a HTTP/1.1', HOST, 'Transfer-Encoding: ,chunked')}0\r\n\r\n`,
  'OPTIONS *': request('OPTIONS * HTTP/1.1', HOST),
  'an absolute target of another host': request('GET http://globex.localhost/a HTTP/1.1', HOST),
  'chunks in HTTP/1.0': `${request('POST /a HTTP/1.0', HOST, 'Transfer-Encoding: chunked')}4\r\nabcd\r\n0\r\n\r\n`,
  'HTTP/2 with a request line': request('GET /a HTTP/2.0', HOST),
  'two Hosts': request('GET /a HTTP/1.1', HOST, 'Host: globex.localhost'),
  'no Host': request('GET /a HTTP/1.1'),
  'a Host that is none, with a body': `${request('POST /a HTTP/1.1', 'Host: a b', 'Content-Length: 4')}abcd`,
  'a length twice': `${request('POST /a HTTP/1.1', HOST, 'Content-Length: 4', 'Content-Length: 4')}abcd`,
  'a header without a colon': request('GET /a HTTP/1.1', HOST, 'X'),
  'a handshake with a body': `${request('GET /a HTTP/1.1', HOST, 'Connection: upgrade', 'Upgrade: websocket', 'Content-Length: 4')}abcd`,
  CONNECT: request('CONNECT acme.localhost:80 HTTP/1.1', 'Host: acme.localhost:80'),
};

const LAST: Record<string, string> = {
  'a GET that says close': request('GET /a HTTP/1.1', HOST, 'Connection: close'),
  'a POST that says close': `${request('POST /a HTTP/1.1', HOST, 'Connection: close', 'Content-Length: 4')}abcd`,
  'chunks, and close': `${request('POST /a HTTP/1.1', HOST, 'Connection: close', 'Transfer-Encoding: chunked')}4\r\nabcd\r\n0\r\n\r\n`,
  'close in a list': request('GET /a HTTP/1.1', HOST, 'Connection: te, close', 'TE: trailers'),
  'HTTP/1.0': request('GET /a HTTP/1.0', HOST),
  'HTTP/1.0 with a body': `${request('POST /a HTTP/1.0', HOST, 'Content-Length: 4')}abcd`,
};

/** Returns the response to `bytes` sent in two parts, the second when the proxy has read the first. */
async function answerTo(bytes: string, cut: number): Promise<string> {
  const socket = await bench.socket();
  const before = socket.bytesWritten;
  let text = '';
  let failure: Error | null = null;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', (error) => {
    failure = error;
  });
  const closed = once(socket, 'close');
  const side = sides.get(socket.localPort ?? 0);
  socket.write(bytes.slice(0, cut), 'latin1');
  while (side !== undefined && side.bytesRead < before + cut && !side.destroyed) await turn();
  socket.write(bytes.slice(cut), 'latin1');
  await closed;
  if (failure !== null) throw new Error(`cut at ${cut}: the connection broke off`, { cause: failure });
  return text;
}

/** Returns the responses for each place to cut `bytes`. */
async function answersTo(bytes: string): Promise<string[]> {
  const cuts = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
  const answers: string[] = [];
  for (let at = 0; at < cuts.length; at += AT_ONCE) {
    answers.push(...(await Promise.all(cuts.slice(at, at + AT_ONCE).map((cut) => answerTo(bytes, cut)))));
  }
  return answers;
}

function expectOne(answer: string, cut: number, status: number): void {
  expect(answer, `cut at ${cut}`).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer.match(/HTTP\/1\.1 \d/g), `cut at ${cut}`).toHaveLength(1);
  expect(answer.toLowerCase(), `cut at ${cut}`).toContain('\r\nconnection: close\r\n');
}

describe('behind a refused request', () => {
  it.each(Object.entries(REFUSED))('%s', async (_what, first) => {
    const answers = await answersTo(first + BEHIND + BEHIND);
    for (const [index, answer] of answers.entries()) expectOne(answer, index + 1, 400);
    expect(urls).toEqual([]);
  });
});

it('behind an unknown expectation', async () => {
  const first = `${request('POST /a HTTP/1.1', HOST, 'Expect: y 100-continue', 'Content-Length: 4')}abcd`;
  const answers = await answersTo(first + BEHIND);
  for (const [index, answer] of answers.entries()) expectOne(answer, index + 1, 417);
  expect(urls).toEqual([]);
});

describe('behind the last request', () => {
  it.each(Object.entries(LAST))('%s', async (_what, first) => {
    const answers = await answersTo(first + BEHIND + BEHIND);
    for (const [index, answer] of answers.entries()) expectOne(answer, index + 1, 200);
    expect(urls).toEqual(answers.map(() => '/a'));
  });

  it('bytes that are no request', async () => {
    const answers = await answersTo(
      `${request('GET /a HTTP/1.1', HOST, 'Connection: close')}\0\0 what is this \r\n\r\n`,
    );
    for (const [index, answer] of answers.entries()) expectOne(answer, index + 1, 200);
  });

  it.each([
    ['in one piece', false],
    ['while it is under way', true],
  ])('megabytes that come %s keep no answer from its client (bug: reset)', async (_what, isLater) => {
    const granted = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    bench.source.script.push(async (grant) => {
      asked.resolve();
      await granted.promise;
      return grant();
    });
    const socket = await bench.socket();
    const failed: Error[] = [];
    socket.on('error', (error) => failed.push(error));
    socket.write(request('GET /a HTTP/1.1', HOST, 'Connection: close'));
    if (isLater) await asked.promise;
    socket.write(BEHIND.repeat(100_000));
    await bench.standstill(() => socket.bytesWritten - socket.writableLength);
    granted.resolve();
    expectOne(await readAll(socket), 0, 200);
    expect(failed).toEqual([]);
    expect(urls).toEqual(['/a']);
  });
});
