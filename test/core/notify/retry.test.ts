import { expect, test } from 'vitest';
import {
  isGivenUp,
  KEEP_TRYING_MS,
  LONGEST_DELAY_MS,
  retryAfterMs,
  retryDelayMs,
} from '../../../src/core/notify/retry.ts';

test('the delay doubles from 5 s to an hour, and is up to a fifth shorter', () => {
  const delays = Array.from({ length: 12 }, (_, index) => retryDelayMs(index + 1, 0, null) / 1000);
  expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
  expect(retryDelayMs(1, 1, null)).toBe(4000);
  expect(retryDelayMs(1000, 0, null)).toBe(LONGEST_DELAY_MS);
});

test("the receiver's Retry-After makes the delay longer, up to an hour", () => {
  expect(retryDelayMs(1, 0, 60_000)).toBe(60_000);
  expect(retryDelayMs(5, 0, 1000)).toBe(80_000);
  expect(retryDelayMs(1, 0, 1e12)).toBe(LONGEST_DELAY_MS);
  expect(['120', '0', 'Fri, 31 Dec 1999 23:59:59 GMT', '-1', '1e3', null].map(retryAfterMs)).toEqual([
    120_000,
    0,
    null,
    null,
    null,
    null,
  ]);
});

test('a message is given up when it is three days old, and ten attempts have failed', () => {
  expect(isGivenUp(1000, 1000 + KEEP_TRYING_MS - 1, 100)).toBe(false);
  expect(isGivenUp(1000, 1000 + KEEP_TRYING_MS, 10)).toBe(true);
  expect(isGivenUp(1000, 1000 + 365 * KEEP_TRYING_MS, 9)).toBe(false);
  expect(isGivenUp(1e12, 1000, 100)).toBe(false);
});
