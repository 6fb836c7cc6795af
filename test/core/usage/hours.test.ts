import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOUR_MS, hourName, hourOf, hourShares } from '../../../src/core/usage/hours.ts';

test('names an hour by its date and its number in UTC', () => {
  expect(hourName(hourOf(Date.UTC(2026, 10, 27, 18, 59, 59, 999)))).toBe('2026-11-27T18');
});

test('assigns a span within one hour to that hour', () => {
  const untilMs = Date.UTC(2026, 10, 27, 18, 30);
  expect(hourShares(untilMs, 60_000)).toEqual([{ hour: hourOf(untilMs), share: 1 }]);
});

test('divides a span over a full hour by the time in each', () => {
  const untilMs = Date.UTC(2026, 10, 27, 18, 0, 15);
  const hour = hourOf(untilMs);
  expect(hourShares(untilMs, 60_000)).toEqual([
    { hour: hour - 1, share: 0.75 },
    { hour, share: 0.25 },
  ]);
});

test('gives a span that ends on the hour nothing in the hour that begins', () => {
  const untilMs = Date.UTC(2026, 10, 27, 18);
  expect(hourShares(untilMs, 2 * HOUR_MS).map(({ share }) => share)).toEqual([0.5, 0.5]);
});

test('assigns a moment to its hour', () => {
  expect(hourShares(HOUR_MS, 0)).toEqual([{ hour: 1, share: 1 }]);
});

test('divides any span into shares of one, in different hours that follow each other', () => {
  const spans = fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 400 * HOUR_MS }));
  fc.assert(
    fc.property(spans, ([untilMs, durationMs]) => {
      const shares = hourShares(untilMs, durationMs);
      expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
      const [first] = shares;
      expect(shares.map(({ hour }) => hour)).toEqual(shares.map((_, index) => (first?.hour ?? 0) + index));
    }),
  );
});
