import { describe, expect, it } from 'vitest';
import { BadResponse, framingOf } from '../../../src/proxy/upstream/response-framing.ts';

describe('the framing of a response', () => {
  it.each([
    [['Content-Length', '12'], { length: 12, chunked: false }],
    [['content-length', '0'], { length: 0, chunked: false }],
    [['Transfer-Encoding', 'Chunked'], { length: null, chunked: true }],
    [['Date', 'x', 'Server', 'y'], { length: null, chunked: false }],
  ])('with %j is %j', (headers, framing) => {
    expect(framingOf(headers, true)).toEqual({ ...framing, keepAlive: true });
  });

  it.each([
    ['two lengths', ['Content-Length', '1', 'Content-Length', '1']],
    ['a list of lengths', ['Content-Length', '1, 1']],
    ['a signed length', ['Content-Length', '+1']],
    ['a length in another base', ['Content-Length', '0x10']],
    ['an empty length', ['Content-Length', '']],
    ['a length beyond what a number holds', ['Content-Length', '1'.repeat(16)]],
    ['another transfer coding', ['Transfer-Encoding', 'gzip, chunked']],
    ['a transfer coding twice', ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked']],
    ['both a length and a transfer coding', ['Content-Length', '1', 'Transfer-Encoding', 'chunked']],
    ['both, the other way round', ['Transfer-Encoding', 'chunked', 'Content-Length', '1']],
  ])('is refused for %s', (_what, headers) => {
    expect(() => framingOf(headers, true)).toThrow(BadResponse);
  });

  it('is refused for a transfer coding of HTTP/1.0', () => {
    expect(() => framingOf(['Transfer-Encoding', 'chunked'], false)).toThrow(BadResponse);
  });

  it.each([
    [true, '', true],
    [true, 'close', false],
    [true, 'Close', false],
    [true, 'keep-alive, close', false],
    [false, '', false],
    [false, 'Keep-Alive', true],
    [false, 'close', false],
  ])('of HTTP/1.1: %s with Connection: %s keeps the connection: %s', (is11, connection, keepAlive) => {
    expect(framingOf(connection === '' ? [] : ['Connection', connection], is11).keepAlive).toBe(keepAlive);
  });
});
