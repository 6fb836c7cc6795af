import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { ClientRequest } from '../../../src/proxy/client/client.ts';
import { Retries } from '../../../src/proxy/exchange/retries.ts';

const refused = (generation: number) => ({ generation, sent: false, heard: false });
const cutOff = (generation: number) => ({ generation, sent: true, heard: false });

function retriesOf(method: string): Retries {
  const rest = { rawHeaders: [], socket: new Socket(), isChunked: false, body: null, repeated: null };
  const request: ClientRequest = { method, url: '/', ...rest, countFor: () => {} };
  return new Retries(request);
}

test('a process that refused a request is not asked again, and the next one may refuse it, too (bug: 502)', () => {
  const retries = retriesOf('POST');
  expect(retries.allows(refused(1))).toBe(true);
  retries.begin(1, false);
  expect(retries.allows(refused(1))).toBe(false);
  expect(retries.allows(refused(2))).toBe(true);
});

test('processes that refuse one after the other end the tries', () => {
  const retries = retriesOf('GET');
  for (const generation of [1, 2, 3]) {
    expect(retries.allows(refused(generation))).toBe(true);
    retries.begin(generation, false);
  }
  expect(retries.allows(refused(4))).toBe(false);
});

test('a request that a process may have got is sent again once, and only if it is harmless', () => {
  const retries = retriesOf('GET');
  expect(retries.allows(cutOff(1))).toBe(true);
  retries.begin(1, true);
  expect(retries.allows(cutOff(2))).toBe(false);
  expect(retries.allows(refused(1))).toBe(true);
  expect(retriesOf('POST').allows(cutOff(1))).toBe(false);
  expect(retriesOf('GET').allows({ ...cutOff(1), heard: true })).toBe(false);
});
