/** Requests that another request could hide in, when HTTP/2 becomes HTTP/1.1: none reaches the tenant. */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fields, FLAG, FRAME, GET } from './raw-http2.ts';
import { SecureBench } from './support.ts';

let secure: SecureBench;
/** What the tenant received of its connections. */
let received = '';

beforeAll(async () => {
  secure = await SecureBench.open();
  await secure.bench.rawApp('web:acme', (socket: Socket) => {
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
});

afterAll(() => secure.close());

const [METHOD = ['', ''], SCHEME = ['', ''], PATH = ['', ''], AUTHORITY = ['', '']] = GET;
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: acme.localhost\r\n\r\n';

/** Fields of a GET with one of them, or one more, as given. */
function changed(name: string, value: string): Fields {
  return GET.some(([one]) => one === name)
    ? GET.map(([one, before]) => [one, one === name ? value : before] as const)
    : [...GET, [name, value]];
}

const REFUSED: [what: string, fields: Fields][] = [
  ['a line end in a value', changed('x-a', `b\r\n\r\n${SMUGGLED}`)],
  ['a bare line feed in a value', changed('x-a', 'b\nTransfer-Encoding: chunked')],
  ['a bare carriage return in a value', changed('x-a', 'b\rTransfer-Encoding: chunked')],
  ['a NUL in a value', changed('x-a', 'b\0c')],
  ['a line end in a name', changed('x-a: b\r\ntransfer-encoding', 'chunked')],
  ['a colon in a name', changed('transfer-encoding:', 'chunked')],
  ['a blank in a name', changed('transfer-encoding ', 'chunked')],
  ['an empty name', changed('', 'x')],
  ['upper case in a name', changed('Transfer-Encoding', 'chunked')],
  ['a line end in the path', changed(':path', `/ HTTP/1.1\r\nHost: acme.localhost\r\n\r\n${SMUGGLED}`)],
  ['a blank in the path', changed(':path', '/ HTTP/1.1')],
  ['a tab in the path', changed(':path', '/a\tb')],
  ['a fragment in the path', changed(':path', '/a#b')],
  ['an absolute path', changed(':path', 'http://acme.localhost/')],
  ['a path without a slash', changed(':path', 'smuggled')],
  ['an empty path', changed(':path', '')],
  ['an asterisk for a path', changed(':path', '*')],
  ['no path', [METHOD, SCHEME, AUTHORITY]],
  ['two paths', [...GET, [':path', '/smuggled']]],
  ['a blank in the method', changed(':method', 'GET /smuggled HTTP/1.1')],
  ['a line end in the method', changed(':method', `GET / HTTP/1.1\r\nHost: a\r\n\r\nGET`)],
  ['an unknown method', changed(':method', 'SMUGGLE')],
  ['no method', [SCHEME, PATH, AUTHORITY]],
  ['two methods', [METHOD, ...GET]],
  ['CONNECT', [[':method', 'CONNECT'], AUTHORITY]],
  ['CONNECT with a protocol', [[':method', 'CONNECT'], [':protocol', 'websocket'], SCHEME, PATH, AUTHORITY]],
  ['no scheme', [METHOD, PATH, AUTHORITY]],
  ['a scheme with a path', changed(':scheme', 'https://acme.localhost/smuggled?')],
  ['a line end in the authority', changed(':authority', 'acme.localhost\r\nx: y')],
  ['a user in the authority', changed(':authority', 'beta@acme.localhost')],
  ['a path in the authority', changed(':authority', 'acme.localhost/smuggled')],
  ['no authority and no host', [METHOD, SCHEME, PATH]],
  ['a host that is not the authority', [...GET, ['host', 'beta.localhost']]],
  ['two hosts', [...GET, ['host', 'acme.localhost'], ['host', 'acme.localhost']]],
  ['a pseudo-header field behind another', [METHOD, SCHEME, AUTHORITY, ['x-a', 'b'], PATH]],
  ['a pseudo-header field of responses', [...GET.slice(0, 3), [':status', '200'], AUTHORITY]],
  ['an unknown pseudo-header field', [[':smuggled', '1'], ...GET]],
  ['a transfer coding', changed('transfer-encoding', 'chunked')],
  ['a field of the connection', changed('connection', 'content-length')],
  ['Keep-Alive', changed('keep-alive', 'timeout=5')],
  ['Proxy-Connection', changed('proxy-connection', 'keep-alive')],
  ['Upgrade', changed('upgrade', 'h2c')],
  ['TE with a coding', changed('te', 'trailers, chunked')],
  ['two lengths', [...GET, ['content-length', '0'], ['content-length', '5']]],
  ['a length with a sign', changed('content-length', '+0')],
  ['a list of lengths', changed('content-length', '0, 0')],
  ['a length and no body', changed('content-length', '5')],
  ['an expectation that nobody knows', changed('expect', '200-ok')],
];

describe('is refused:', () => {
  test.each(REFUSED)('%s', async (_what, fields) => {
    received = '';
    const client = await secure.raw();
    client.request(1, fields);
    await client.settled();
    const ends = ({ stream, flags, type }: { stream: number; flags: number; type: number }) =>
      (stream === 1 && (type === FRAME.reset || (flags & FLAG.endStream) !== 0)) || type === FRAME.goaway;
    await expect.poll(() => client.received.some(ends) || client.socket.closed).toBe(true);
    // Where only the one field is dropped, the tenant gets a request without it.
    if (received !== '') expect(received).toMatch(asOnly([METHOD, SCHEME, PATH, AUTHORITY]));
    client.socket.destroy();
  });
});

test('fields that only look dangerous reach the tenant as they are', async () => {
  received = '';
  const client = await secure.raw();
  client.request(1, [
    ...GET.slice(0, 2),
    [':path', '/a\xe9%0d%0a"<\\'],
    AUTHORITY,
    ['x-a', 'GET / HTTP/1.1'],
    ['x-b', ''],
  ]);
  await client.frame(FRAME.data, 1);
  expect(received).toMatch(
    /^GET \/a%E9%0d%0a"<\\ HTTP\/1\.1\r\nhost: acme\.localhost\r\nx-a: GET \/ HTTP\/1\.1\r\nx-b: \r\n/,
  );
  client.socket.destroy();
});

test('a body is chunked anew, whatever it contains', async () => {
  received = '';
  const client = await secure.raw();
  client.request(1, [[':method', 'POST'], ...GET.slice(1)], FLAG.endHeaders);
  client.send(FRAME.data, FLAG.endStream, 1, Buffer.from(`0\r\n\r\n${SMUGGLED}`));
  await client.frame(FRAME.data, 1);
  const body = `0\r\n\r\n${SMUGGLED}`;
  await expect
    .poll(() => received.split('\r\n\r\n').slice(1).join('\r\n\r\n'))
    .toBe(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  client.socket.destroy();
});

/** A request with these fields and those that the proxy adds, and nothing behind it. */
function asOnly(fields: Fields): RegExp {
  const [method, , path] = fields.map(([, value]) => value);
  return new RegExp(
    `^${method} ${path} HTTP/1\\.1\\r\\nhost: acme\\.localhost\\r\\n(?:[Xx]-[\\w-]+: [^\\r\\n]*\\r\\n|Connection: [^\\r\\n]*\\r\\n|content-length: 0\\r\\n)*\\r\\n$`,
  );
}
