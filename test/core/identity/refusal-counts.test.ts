import { expect, test } from 'vitest';
import { RefusalCounts } from '../../../src/core/identity/refusal-counts.ts';

test('a flood is reported once in ten seconds, for each reason', () => {
  const counts = new RefusalCounts();
  expect([0, 1, 9999, 10_000, 10_001].map((ms) => counts.count('signature', ms))).toEqual([1, null, null, 3, null]);
  expect(counts.count('expired', 1)).toBe(1);
  counts.add('expired', 5);
  expect([...counts.entries()]).toEqual([
    ['signature', 5],
    ['expired', 6],
  ]);
});
