import { describe, expect, it } from 'vitest';
import { RequestTracker } from '../../../src/proxy/tunnel/request-tracker.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';

/** `> ` what the client sends, `< ` what the tenant does; returns whether it is between two requests after each. */
function held(...parts: string[]): boolean[] {
  const tracker = new RequestTracker();
  return parts.map((part) => {
    const bytes = Buffer.from(part.slice(2), 'latin1');
    if (part.startsWith('> ')) tracker.asked(bytes);
    else tracker.answered(bytes);
    return tracker.isBetween;
  });
}

describe('a connection is between two requests', () => {
  it('when the answer is whole, again and again', () => {
    expect(held(`> ${GET}`, `< ${OK}`, `> ${GET}`, `< ${CHUNKED}`)).toEqual([false, true, false, true]);
  });

  it('after the last part of an answer, however it is cut', () => {
    const cuts = [...CHUNKED].map((byte) => `< ${byte}`);
    const states = held(`> ${GET}`, ...cuts);
    expect(states.slice(0, -1)).not.toContain(true);
    expect(states.at(-1)).toBe(true);
  });

  it('when the body of the request is whole too', () => {
    expect(held(`> ${POST}abc`, '> def', `< ${OK}`)).toEqual([false, false, true]);
    expect(held(`> ${POST}abc`, `< ${OK}`, '> def')).toEqual([false, false, true]);
  });

  it('after an answer that has no body', () => {
    expect(held(`> ${GET.replace('GET', 'HEAD')}`, `< ${OK.slice(0, -2)}`).at(-1)).toBe(true);
    expect(held(`> ${GET}`, '< HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n').at(-1)).toBe(true);
  });

  it('not after an interim answer', () => {
    expect(held(`> ${GET}`, '< HTTP/1.1 103 Early Hints\r\n\r\n', `< ${OK}`)).toEqual([false, false, true]);
  });

  it('before the first request', () => {
    expect(new RequestTracker().isBetween).toBe(true);
  });
});

describe('a connection is not known to be between two requests,', () => {
  const never = (...parts: string[]) => expect(held(...parts, `> ${GET}`, `< ${OK}`)).not.toContain(true);

  it.each([
    ['a pipelined request', [`> ${GET}`, `> ${GET}`]],
    ['two requests in one', [`> ${GET}${GET}`]],
    ['a head in two parts', [`> ${GET.slice(0, 9)}`, `> ${GET.slice(9)}`]],
    ['an upgrade', [`> ${GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')}`]],
    ['a chunked request', [`> ${GET.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')}`]],
    ['HTTP/1.0', [`> ${GET.replace('1.1', '1.0')}`]],
    ['an answer until the end of the connection', [`> ${GET}`, '< HTTP/1.1 200 OK\r\n\r\nok']],
    ['an answer that closes', [`> ${GET}`, `< ${OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`]],
    ['more than the answer', [`> ${GET}`, `< ${OK}HTTP/1.1 200 OK\r\n`]],
    ['no HTTP', [`> ${GET}`, '< SSH-2.0-x\r\n']],
    ['what nobody asked for', [`< ${OK}`]],
  ])('after %s', (_what, parts) => {
    never(...parts);
  });
});
