import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, test } from 'vitest';
import { type PlainHead, readPlainHead } from '../../../../src/proxy/client/plain/plain-head.ts';
import { Random } from '../../../chaos/random.ts';

const MAX_HEAD_BYTES = 16 * 1024;

function read(text: string): PlainHead | null {
  return readPlainHead(Buffer.from(text, 'latin1'), MAX_HEAD_BYTES);
}

const get = (...lines: string[]) => ['GET /a?b=c HTTP/1.1', 'Host: acme.localhost', ...lines, '', ''].join('\r\n');

test('a plain request is read as it was sent', () => {
  const text = get('Accept: */*', 'X-A:b  ', 'X-Empty:', 'X-B: \xe9');
  expect(read(text)).toEqual({
    method: 'GET',
    url: '/a?b=c',
    lines: {
      text: text.slice(text.indexOf('\r\n') + 2, -4),
      rawHeaders: ['Host', 'acme.localhost', 'Accept', '*/*', 'X-A', 'b', 'X-Empty', '', 'X-B', '\xe9'],
      framing: { length: 0, keepAlive: true },
      forwarded: null,
    },
    isRepeated: false,
    bodyAt: text.length,
  });
});

test('the body of a plain request begins behind the head and has the declared length', () => {
  const head = get('Content-Length: 4');
  expect(read(`${head}abcdefg`)).toMatchObject({ bodyAt: head.length, lines: { framing: { length: 4 } } });
});

test.each([
  ['keep-alive', true],
  ['Keep-Alive', true],
  ['close', false],
  ['CLOSE', false],
])('Connection: %s says whether another may follow', (value, keepAlive) => {
  expect(read(get(`Connection: ${value}`))?.lines.framing.keepAlive).toBe(keepAlive);
});

describe('lines', () => {
  const readAfter = (first: string, second: string) => {
    const lines = read(first)?.lines ?? null;
    return { lines, head: readPlainHead(Buffer.from(second, 'latin1'), MAX_HEAD_BYTES, lines) };
  };

  it('repeated byte by byte are read once, whatever comes before and after them', () => {
    const { lines, head } = readAfter(
      get('X-A: b', 'Content-Length: 1'),
      `${get('X-A: b', 'Content-Length: 1').replace('GET /a?b=c', 'POST /')}x`,
    );
    expect(head).toMatchObject({ method: 'POST', isRepeated: true });
    expect(head?.lines).toBe(lines);
  });

  it.each([
    ['one more', get('X-A: b', 'X-C: d')],
    ['one less', get()],
    ['another case', get('x-A: b')],
    ['another value of the same length', get('X-A: c')],
    ['a blank more', get('X-A:  b')],
  ])('with %s are read anew', (_what, second) => {
    const { head } = readAfter(get('X-A: b'), second);
    expect(head).toEqual(read(second));
    expect(head?.isRepeated).toBe(false);
  });

  it('of a long head are not kept', () => {
    const long = get(`X-A: ${'a'.repeat(2048)}`);
    expect(readAfter(long, long).head?.isRepeated).toBe(false);
  });
});

describe('is left to node:http', () => {
  it.each([
    ['a head that is not whole', get('X-A: b').slice(0, -1)],
    ['a head that is too large', get(`X-A: ${'a'.repeat(MAX_HEAD_BYTES)}`)],
    ['many headers', get(...Array.from({ length: 100 }, (_, index) => `X-${index}: a`))],
    ['no header at all', 'GET / HTTP/1.1\r\n\r\n'],
    ['an empty line before it', `\r\n${get()}`],
    ['HTTP/1.0', get().replace('1.1', '1.0')],
    ['a method of another kind', get().replace('GET', 'PURGE')],
    ['an absolute target', get().replace('/a', 'http://acme.localhost/a')],
    ['an asterisk', get().replace('GET /a?b=c', 'OPTIONS *')],
    ['a fragment', get().replace('b=c', 'b#c')],
    ['bytes beyond ASCII in the target', get().replace('b=c', '\xe9')],
    ['a transfer coding', get('Transfer-Encoding: chunked')],
    ['an upgrade', get('Connection: Upgrade', 'Upgrade: websocket')],
    ['an expectation', get('Expect: 100-continue', 'Content-Length: 4')],
    ['another connection option', get('Connection: keep-alive, x-a')],
    ['two Connections', get('Connection: keep-alive', 'Connection: close')],
    ['two lengths', get('Content-Length: 4', 'Content-Length: 4')],
    ['a length with a sign', get('Content-Length: +4')],
    ['a length that is empty', get('Content-Length:')],
    ['a length too large to count', get('Content-Length: 1000000000000000')],
    ['a space before the colon', get('X-A : b')],
    ['a folded line', get('X-A: b', ' c')],
    ['a bare LF', get('X-A: b\nX-C: d')],
    ['a bare CR', get('X-A: b\rX-C: d')],
    ['a NUL', get('X-A: b\0')],
    ['two blanks', get().replace('GET ', 'GET  ')],
  ])('%s', (_what, text) => {
    expect(read(text)).toBeNull();
  });
});

/** This request follows each: read as a request of its own, it shows where the previous one ended. */
const NEXT = { method: 'GET', url: '/next', rawHeaders: ['Host', 'b', 'Connection', 'close'], body: '' };
const NEXT_BYTES = 'GET /next HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n';

/** Returns the requests that node:http finds in the bytes. */
async function readByNode(bytes: Buffer): Promise<object[]> {
  const seen: Promise<object>[] = [];
  const server = createServer({ requireHostHeader: false }, (request: IncomingMessage, response) => {
    const { method, url, rawHeaders } = request;
    seen.push(buffer(request).then((body) => ({ method, url, rawHeaders, body: body.toString('latin1') })));
    request.once('end', () => response.end());
  });
  server.on('clientError', (_error, socket) => {
    seen.push(Promise.resolve({ refused: true }));
    socket.destroy();
  });
  const [client, inside] = duplexPair();
  server.emit('connection', inside);
  client
    .on('error', () => {})
    .once('end', () => client.end())
    .resume();
  client.write(bytes);
  await once(inside, 'close');
  return Promise.all(seen);
}

const SEEDS = [
  get('Accept: */*', 'User-Agent: curl/8', 'Cookie: a=b; c=d'),
  `${get('Content-Length: 4', 'Content-Type: text/plain').replace('GET', 'POST')}abcd`,
  `${get('Connection: keep-alive', 'content-length: 0').replace('GET', 'PUT')}`,
  get('Connection: close', 'X-A:\tb\t', 'X_Tenant_Id: globex', 'X-B: \xe9\xff').replace('GET', 'DELETE'),
];
/** Bytes that readers interpret differently. */
const BYTES = [
  ...'\r\n\t :,;+-_/\0\x0b\x7f\x80\xff0419aZ{}[]|^#?"<>%',
  '\r\n',
  '\n',
  '\r\n\r\n',
  'Host: b',
  'Content-Length: 1',
];

function mutated(random: Random): string {
  let text = random.pick(SEEDS);
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    const at = random.between(0, text.length);
    const length = random.between(0, 2);
    text = text.slice(0, at) + random.pick(BYTES) + text.slice(at + length);
  }
  return text;
}

test('node:http reads every accepted request in the same way (20,000 mutated requests)', async () => {
  const random = new Random(20);
  let accepted = 0;
  for (let count = 0; count < 20_000; count += 1) {
    const bytes = Buffer.from(mutated(random), 'latin1');
    const head = readPlainHead(bytes, MAX_HEAD_BYTES);
    if (head === null || bytes.length !== head.bodyAt + head.lines.framing.length) continue;
    accepted += 1;
    const { method, url, bodyAt, lines } = head;
    const { rawHeaders, framing } = lines;
    const own = { method, url, rawHeaders, body: bytes.toString('latin1', bodyAt) };
    // No bytes may follow the last request.
    const all = framing.keepAlive ? Buffer.concat([bytes, Buffer.from(NEXT_BYTES)]) : bytes;
    const seen = await readByNode(all);
    expect(seen, JSON.stringify(bytes.toString('latin1'))).toEqual(framing.keepAlive ? [own, NEXT] : [own]);
  }
  expect(accepted).toBeGreaterThan(2000);
});
