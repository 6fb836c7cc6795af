import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Counter, counted, counterLimit } from '../../../src/core/plans/counters.ts';
import { planNamed } from '../../plans.ts';

const users = (value: number, limit: number | null): Counter => ({ name: 'users', value, limit });

test('a counter reaches its limit and does not pass it', () => {
  expect(counted(users(2, 3), 1)).toEqual(users(3, 3));
  expect(() => counted(users(3, 3), 1)).toThrow(
    expect.objectContaining({ code: 'quota_exceeded', message: 'users is 3, and 1 more would pass its limit of 3' }),
  );
  expect(() => counted(users(1, 3), 3)).toThrow(expect.objectContaining({ code: 'quota_exceeded' }));
});

test('a counter above a limit that became lower can be given back, and only then grows again', () => {
  expect(counted(users(5, 3), -1)).toEqual(users(4, 3));
  expect(() => counted(users(4, 3), 1)).toThrow(expect.objectContaining({ code: 'quota_exceeded' }));
});

test('any series of changes keeps a counter between zero and its limit', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 })), fc.nat(10), (changes, limit) => {
      let counter = users(0, limit);
      for (const change of changes) {
        try {
          counter = counted(counter, change);
        } catch {
          expect(counter.value + change).toBeGreaterThan(limit);
        }
        expect(counter.value).toBeGreaterThanOrEqual(0);
        expect(counter.value).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

test('a counter without a limit stays a number that JSON holds exactly', () => {
  expect(counted(users(Number.MAX_SAFE_INTEGER, null), 1_000_000_000).value).toBe(Number.MAX_SAFE_INTEGER);
});

test('a counter that the plan lacks is not found, and the plan’s are named', () => {
  const plan = planNamed('free', { counters: { users: 3, projects: null } });
  expect([counterLimit(plan, 'users'), counterLimit(plan, 'projects')]).toEqual([3, null]);
  for (const name of ['seats', '__proto__', 'toString']) {
    expect(() => counterLimit(plan, name)).toThrow(
      expect.objectContaining({ code: 'not_found', hint: 'Counters of the plan: users, projects.' }),
    );
  }
  expect(() => counterLimit(null, 'users')).toThrow(expect.objectContaining({ hint: 'The plan has no counters.' }));
});
