import { expect, test } from 'vitest';
import { TokenBucket } from '../../../src/core/admission/token-bucket.ts';

test('a burst passes at once, then the rate applies', () => {
  const bucket = new TokenBucket(1000, 500, 0);
  expect(bucket.take(500, 0)).toBe(0);
  expect(bucket.take(100, 0)).toBe(100);
  expect(bucket.take(0, 100)).toBe(0);
});

test('a refused request takes no tokens', () => {
  const bucket = new TokenBucket(1000, 500, 0);
  expect(bucket.tryTake(600, 0)).toBe(false);
  expect(bucket.tryTake(500, 0)).toBe(true);
  expect(bucket.tryTake(1, 0)).toBe(false);
  expect(bucket.tryTake(1, 1)).toBe(true);
});

test('a bucket never holds more than a burst, and gains nothing from a clock that goes back', () => {
  const bucket = new TokenBucket(1000, 500, 0);
  expect(bucket.take(501, 1_000_000)).toBe(1);
  expect(bucket.take(0, 0)).toBe(1);
});
