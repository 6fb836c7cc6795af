import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { asksForGoAhead, faultOf } from '../../../../src/proxy/client/node/request-fault.ts';
import { Bench, echo } from '../../support.ts';

describe('the fault of a request', () => {
  it.each([
    ['1.1', []],
    ['1.1', ['Expect', '100-continue']],
    ['1.1', ['Expect', '100-Continue']],
    ['1.1', ['Transfer-Encoding', 'chunked']],
    ['1.0', ['Content-Length', '4']],
    ['1.0', ['Expect', 'anything']],
  ])('is none with HTTP/%s and %j', (httpVersion, rawHeaders) => {
    expect(faultOf({ httpVersion, rawHeaders })).toBeNull();
  });

  it.each(['y', 'y 100-continue', 'y, 100-continue', '100-continue, y', '100-continue, 100-continue', '100', ''])(
    'is an unknown expectation: "%s"',
    (expectation) => {
      expect(faultOf({ httpVersion: '1.1', rawHeaders: ['Expect', expectation] })).toBe('expectation_failed');
    },
  );

  it('is a repeated expectation', () => {
    const rawHeaders = ['Expect', '100-continue', 'expect', '100-continue'];
    expect(faultOf({ httpVersion: '1.1', rawHeaders })).toBe('expectation_failed');
  });

  it.each([
    ['1.0', ['Transfer-Encoding', 'chunked']],
    ['1.1', ['Content-Length', '4', 'Content-Length', '4']],
    ['1.1', ['Transfer-Encoding', ',chunked']],
    ['2.0', []],
    ['0.9', []],
  ])('is what makes it unclear: HTTP/%s with %j', (httpVersion, rawHeaders) => {
    expect(faultOf({ httpVersion, rawHeaders })).toBe('bad_request');
  });
});

test.each([
  ['100-continue', true],
  ['100-CONTINUE', true],
  ['100-continue ', false],
  ['', false],
  [undefined, false],
])('Expect: %s asks for leave to send the body: %s', (expectation, asks) => {
  expect(asksForGoAhead(expectation)).toBe(asks);
});

describe('at the proxy', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
    await bench.app('web:acme', echo);
  });
  afterEach(() => bench.close());
  const send = (line: string, ...lines: string[]) =>
    bench.raw(`${[line, 'Host: acme.localhost', ...lines].join('\r\n')}\r\n\r\nabcd`);

  it('an HTTP/1.0 client gets no 100, and its body is read (bug)', async () => {
    const answer = await send('POST /a HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 4');
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*"body":"abcd"/s);
  });

  it('an HTTP/1.1 client gets 100', async () => {
    const answer = await send('POST /a HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 4', 'Connection: close');
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 .*"body":"abcd"/s);
  });

  it.each(['y', 'y 100-continue', 'y, 100-continue'])(
    'Expect: %s gets 417 and reaches no tenant (bug)',
    async (value) => {
      const answer = await send('POST /a HTTP/1.1', `Expect: ${value}`, 'Content-Length: 4');
      expect(answer).toMatch(
        /^HTTP\/1\.1 417 Expectation Failed\r\n.*\r\nConnection: close\r\n.*"expectation_failed"/s,
      );
      expect(bench.source.leases).toEqual([]);
    },
  );

  it('a handshake with an expectation gets 417', async () => {
    const answer = await send('GET /a HTTP/1.1', 'Connection: upgrade', 'Upgrade: websocket', 'Expect: y');
    expect(answer).toMatch(/^HTTP\/1\.1 417 /);
  });

  it('chunks in HTTP/1.0 get 400, and the connection closes (bug: it was kept)', async () => {
    const answer = await send('POST /a HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked');
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*\r\nConnection: close\r\n/s);
    expect(bench.source.leases).toEqual([]);
  });

  it.each(['HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'HTTP/3.0'])('%s gets 400', async (version) => {
    expect(await send(`GET /a ${version}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(bench.source.leases).toEqual([]);
  });
});
