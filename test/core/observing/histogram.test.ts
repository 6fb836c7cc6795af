import { expect, test } from 'vitest';
import { Histogram } from '../../../src/core/observing/histogram.ts';

test('a value counts in the first bucket whose bound it does not exceed', () => {
  const histogram = new Histogram([1, 2]);
  for (const value of [0.5, 1, 1.5, 2, 2.5, 100]) histogram.observe(value);
  expect(histogram.counts).toEqual([2, 2, 2]);
  expect(histogram.sum).toBe(107.5);
});

test('histograms add up', () => {
  const one = new Histogram([1]);
  const other = new Histogram([1]);
  one.observe(0.5);
  other.observe(0.25);
  other.observe(3);
  one.add(other);
  expect(one).toMatchObject({ counts: [2, 1], sum: 3.75 });
});
