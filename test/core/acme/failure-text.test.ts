import { describe, expect, it } from 'vitest';
import { challengeFailure, isAboutName, problemOf, refusal } from '../../../src/core/acme/failure-text.ts';

const HOST = 'shop.acme.org';

describe('a failed challenge', () => {
  it.each([
    ['http-01', 'connection', 'is port 80 open, and does shop.acme.org lead to this server?'],
    ['http-01', 'unauthorized', 'the CA got another answer than this server'],
    ['tls-alpn-01', 'tls', 'is port 443 open'],
    ['tls-alpn-01', 'dns', 'does its A or AAAA record lead here?'],
    ['dns-01', 'unauthorized', '_acme-challenge.shop.acme.org that dns_hook made'],
    ['http-01', 'caa', 'a CAA record of shop.acme.org'],
    ['http-01', 'rateLimited', 'refuses more orders for now'],
  ] as const)('%s, %s: says what to look at', (type, kind, words) => {
    expect(challengeFailure(type, HOST, { type: kind, detail: 'as the CA says' })).toContain(words);
    expect(challengeFailure(type, HOST, { type: kind, detail: 'as the CA says' })).toContain(': as the CA says');
  });

  it('a connection that failed is one, whatever the authority calls it', () => {
    const said = { type: 'unauthorized', detail: 'Failed to connect to 192.0.2.1:443' };
    expect(challengeFailure('tls-alpn-01', HOST, said)).toContain('could not reach https://shop.acme.org/');
  });
});

describe('a problem document', () => {
  it('is one line of bounded length, whatever a stranger’s server sent', () => {
    const detail = `bad\u001b[31m answer\r\n${'x'.repeat(5000)}`;
    const problem = problemOf({ type: 'urn:ietf:params:acme:error:unauthorized', detail });
    expect(problem?.type).toBe('unauthorized');
    expect(problem?.detail).toMatch(/^bad \[31m answer x+…$/);
    expect(problem?.detail.length).toBe(301);
  });

  it.each([null, 'text', 7, [], {}, { type: 5 }])('%j is none', (value) => {
    expect(problemOf(value)).toBeNull();
  });

  it('of a kind that is not known is told with its status', () => {
    expect(refusal({ type: null, detail: '' }, 502)).toBe('the CA answered 502');
    expect(refusal({ type: 'newKind', detail: 'as it is' }, 400)).toBe('the CA answered 400 newKind: as it is');
  });
});

it('a limit is about the name when the authority names it, or the set of names', () => {
  expect(isAboutName('too many failed authorizations (5) for "shop.acme.org" in the last 1h0m0s', HOST)).toBe(true);
  expect(isAboutName('too many certificates (50) already issued for "acme.org" in the last 168h', HOST)).toBe(true);
  expect(isAboutName('too many certificates (5) already issued for this exact set of identifiers', HOST)).toBe(true);
  expect(isAboutName('too many new orders (300) from this account in the last 3h0m0s', HOST)).toBe(false);
});
