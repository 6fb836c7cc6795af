import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffDelayMs, recentCrashes } from '../../../src/core/lifecycle/backoff.ts';

const POLICY = { baseMs: 1000, maxMs: 60_000, maxRestarts: 3, windowMs: 300_000 };

it('doubles from the base to the maximum', () => {
  expect([1, 2, 3, 4, 7, 100].map((n) => backoffDelayMs(n, POLICY, 0))).toEqual([
    1000, 2000, 4000, 8000, 60_000, 60_000,
  ]);
});

it('is never shorter than without jitter, never longer than the maximum', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (crashes, random) => {
      const delayMs = backoffDelayMs(crashes, POLICY, random);
      expect(delayMs).toBeGreaterThanOrEqual(backoffDelayMs(crashes, POLICY, 0));
      expect(delayMs).toBeLessThanOrEqual(POLICY.maxMs);
    }),
  );
});

it('counts only the crashes of the window', () => {
  expect(recentCrashes([0, 100_000, 300_000], POLICY, 300_000)).toEqual([100_000, 300_000]);
});
