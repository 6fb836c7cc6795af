import { describe, expect, it } from 'vitest';
import { type Desired, newRecord, type State } from '../../../src/core/lifecycle/instance.ts';
import { recoveryOf } from '../../../src/core/lifecycle/recovery.ts';

const OWN = { env: {}, limits: {} };

const NOW = 10_000;
const process = { pid: 7, startTicks: 1, bindSocket: '/b', publicSocket: '/p', port: null, cgroup: [], spec: '' };

function record(state: State, desired: Desired, change: object = {}) {
  return { ...newRecord('api', 'acme', OWN, 1), state, desired, process, ...change };
}

describe('a process that still runs', () => {
  it.each([
    ['starting', 'up', { type: 'adopt', suspended: false }],
    ['ready', 'up', { type: 'adopt', suspended: false }],
    ['suspended', 'asleep', { type: 'adopt', suspended: true }],
    ['draining', 'asleep', { type: 'adopt', suspended: false }],
    ['draining', 'stopped', { type: 'clear', next: 'stopped' }],
    ['draining', 'up', { type: 'clear', next: 'start' }],
    ['stopping', 'up', { type: 'clear', next: 'start' }],
    ['stopping', 'asleep', { type: 'clear', next: 'asleep' }],
    ['stopping', 'stopped', { type: 'clear', next: 'stopped' }],
  ] as const)('of one that was %s and should be %s', (state, desired, event) => {
    expect(recoveryOf(record(state, desired), true, NOW)).toEqual({ do: 'dispatch', event });
  });
});

describe('without a process', () => {
  it('an instance that had a process has lost it', () => {
    expect(recoveryOf(record('ready', 'up'), false, NOW)).toEqual({ do: 'lost' });
  });

  it('an instance that slept stays asleep', () => {
    expect(recoveryOf(record('asleep', 'asleep', { process: null }), false, NOW)).toEqual({ do: 'nothing' });
  });

  it.each([
    [NOW + 500, NOW + 500],
    [NOW - 500, NOW],
  ])('one that waited for its next try until %d waits until %d', (retryAtMs, atMs) => {
    const crashes = { crashesMs: [1], probationUntilMs: 0, retryAtMs };
    expect(recoveryOf(record('failed', 'up', { process: null, crashes }), false, NOW)).toEqual({
      do: 'dispatch',
      event: { type: 'resume-wait', state: 'failed', atMs },
    });
  });
});
