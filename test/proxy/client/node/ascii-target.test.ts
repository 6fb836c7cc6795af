import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { AsciiTarget } from '../../../../src/proxy/client/node/ascii-target.ts';
import { Bench, echo, readUntil } from '../../support.ts';

/** The result for `text` in parts of `size` bytes. */
function encoded(text: string, size: number): string {
  const target = new AsciiTarget();
  const bytes = Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(target.encode(bytes.subarray(at, at + size)));
  return Buffer.concat(parts).toString('latin1');
}

test.each([1, 2, 3, 7, 1000])('only the request line is encoded, in parts of %d bytes', (size) => {
  const rest = 'Host: a\r\nX-A: ü\r\n\r\nü\r\n';
  const behind = Buffer.from(rest, 'utf8').toString('latin1');
  expect(encoded(`\r\nGET /ü?q=€ HTTP/1.1\r\n${rest}`, size)).toBe(`\r\nGET /%C3%BC?q=%E2%82%AC HTTP/1.1\r\n${behind}`);
});

test('each request has a line of its own', () => {
  const target = new AsciiTarget();
  const encode = (text: string) => target.encode(Buffer.from(text, 'latin1')).toString('latin1');
  expect(encode('GET /\xff HTTP/1.1\r\n\r\n')).toBe('GET /%FF HTTP/1.1\r\n\r\n');
  expect(encode('\xff')).toBe('\xff');
  target.begin();
  expect(encode('GET /\x80 HTTP/1.1\r\n\r\n')).toBe('GET /%80 HTTP/1.1\r\n\r\n');
});

test('bytes in ASCII are not copied', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(new AsciiTarget().encode(bytes)).toBe(bytes);
});

describe('at the proxy', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
    await bench.app('web:acme', echo);
  });
  afterEach(() => bench.close());

  it('a target in UTF-8 arrives percent-encoded (bug: 400)', async () => {
    const socket = await bench.socket();
    for (const ask of ['/1?q=ü', '/ü/2']) {
      const answer = readUntil(socket, '"body":""}');
      socket.write(`GET ${ask} HTTP/1.1\r\nHost: acme.localhost\r\n\r\n`);
      expect(await answer).toContain(`"url":"${encodeURI(ask)}"`);
    }
  });

  it('a target in UTF-8 arrives behind another request, and with chunks', async () => {
    const socket = await bench.socket();
    const answers = readUntil(socket, '"body":"\xc3\xbc"}');
    socket.write('GET /1 HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
    socket.write('POST /ü HTTP/1.1\r\nHost: acme.localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nü\r\n0\r\n\r\n');
    expect(await answers).toContain('"url":"/%C3%BC"');
  });

  it('an invalid target is still refused', async () => {
    for (const line of ['GET ü HTTP/1.1', 'GÜT / HTTP/1.1', 'GET / HTTP/1.1ü', 'GET /ü HTTP/1.1 ü']) {
      const answer = await bench.raw(Buffer.from(`${line}\r\nHost: acme.localhost\r\n\r\n`).toString('latin1'));
      expect(answer, line).toMatch(/^HTTP\/1\.1 400 /);
    }
  });
});
