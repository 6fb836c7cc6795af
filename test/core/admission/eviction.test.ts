import { describe, expect, it } from 'vitest';
import type { Demand } from '../../../src/core/admission/demand.ts';
import { chooseVictim, type EvictionCandidate } from '../../../src/core/admission/eviction.ts';

const NOW_MS = 1_000_000;
const CAPACITY = { maxRunning: 4, nowMs: NOW_MS };
const by = (client: string | null): Demand => ({ by: 'request', client });

interface Named extends EvictionCandidate {
  readonly name: string;
}

/** An instance that `client` used once, `agoMs` ago. */
function visited(name: string, client: string | null, agoMs: number, change: Partial<EvictionCandidate> = {}): Named {
  const atMs = NOW_MS - agoMs;
  const steady = { steadyFromMs: atMs, steadyToMs: atMs };
  return {
    name,
    isIdle: true,
    isSuspended: false,
    lastUsedAtMs: atMs,
    ...steady,
    visits: [{ client, atMs }],
    ...change,
  };
}

const unused = (name: string, agoMs: number, change = {}) => visited(name, null, agoMs, { visits: [], ...change });
const evicted = (all: readonly Named[], demand: Demand, capacity = CAPACITY) =>
  chooseVictim(all, demand, capacity)?.name ?? null;

describe('room for a request', () => {
  it('comes from a suspended instance, then from the least recently used', () => {
    const suspended = unused('suspended', 10, { isSuspended: true });
    expect(evicted([unused('old', 90), unused('new', 20), suspended], by('x'))).toBe('suspended');
    expect(evicted([unused('new', 20), unused('old', 90)], by('x'))).toBe('old');
    expect(evicted([unused('busy', 90, { isIdle: false })], by('x'))).toBeNull();
  });

  it('does not come from an instance that another client has just used, within its share', () => {
    const mine = ['a', 'b', 'c'].map((name, index) => visited(name, 'visitor', 100 - index, { isIdle: false }));
    const worker = visited('worker', 'worker', 29_000);
    expect(evicted([worker, ...mine], by('visitor'))).toBeNull();
    expect(evicted([visited('worker', 'worker', 30_000), ...mine], by('visitor'))).toBe('worker');
  });

  it("comes from the client's own instances first, once the client has its share", () => {
    const mine = [visited('mine', 'visitor', 10), visited('other', 'visitor', 20, { isIdle: false })];
    const small = { ...CAPACITY, maxRunning: 2 };
    expect(evicted([unused('old', 90_000), ...mine], by('visitor'), small)).toBe('mine');
    expect(evicted([unused('old', 90_000), visited('mine', 'visitor', 10)], by('visitor'), small)).toBe('old');
  });

  it('comes from the instances of a client that has more than its share', () => {
    const all = ['a', 'b', 'c', 'd'].map((name, index) => visited(name, 'visitor', 100 - index));
    expect(evicted(all, by('worker'))).toBe('a');
    const fair = [
      visited('a', 'one', 40),
      visited('b', 'two', 30),
      visited('c', 'three', 20),
      visited('d', 'four', 10),
    ];
    expect(evicted(fair, by('five'), { ...CAPACITY, maxRunning: 5 })).toBeNull();
  });

  it('does not come from an instance that two clients use, whichever used it last', () => {
    const visits = [
      { client: 'visitor', atMs: NOW_MS - 10 },
      { client: 'worker', atMs: NOW_MS - 5000 },
    ];
    expect(evicted([visited('shared', 'visitor', 10, { visits })], by('visitor'))).toBeNull();
  });

  it('does not come from an instance at work, even when all clients look the same', () => {
    const worked = { steadyFromMs: NOW_MS - 9000, steadyToMs: NOW_MS - 1000 };
    const all = [visited('worker', null, 1000, worked), visited('visited', null, 500)];
    expect(evicted(all, by(null))).toBe('visited');
    expect(evicted(all.slice(0, 1), by(null))).toBeNull();
    expect(evicted([visited('worker', null, 5000, worked)], by(null))).toBe('worker');
  });
});

it("an operator's start evicts an idle instance that a client has just used, when there is no other", () => {
  const used = visited('used', 'worker', 10);
  expect(evicted([used, unused('unused', 5)], { by: 'operator' })).toBe('unused');
  expect(evicted([used], { by: 'operator' })).toBe('used');
});

it('a start by the server itself evicts no recently used instance', () => {
  expect(evicted([visited('used', 'worker', 10)], { by: 'server' })).toBeNull();
  expect(evicted([unused('unused', 10)], { by: 'server' })).toBe('unused');
});
