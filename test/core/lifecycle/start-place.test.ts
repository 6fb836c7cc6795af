import { expect, test } from 'vitest';
import { nextLookMs, usualStartMs } from '../../../src/core/lifecycle/start-place.ts';

const STARTUP_TIMEOUT_MS = 30_000;
const usual = (...lastMs: number[]) => usualStartMs(lastMs, STARTUP_TIMEOUT_MS);

test('the usual start time is the median of the last ones, at least a second, at most the startup time-out', () => {
  expect(usual(8000, 7000, 90_000)).toBe(8000);
  expect(usual(40, 50)).toBe(1000);
  expect(usual()).toBe(1000);
  expect(usual(90_000)).toBe(STARTUP_TIMEOUT_MS);
  expect(usualStartMs([], 200)).toBe(200);
});

const look = (change: Partial<Parameters<typeof nextLookMs>[0]>) =>
  nextLookMs({ elapsedMs: 1000, sinceLookMs: 1000, ranMs: 0, usualMs: 1000, ...change });

test('a start that uses no processor past its usual time gives its place up', () => {
  expect(look({})).toBeNull();
  expect(look({ ranMs: 199 })).toBeNull();
  expect(look({ elapsedMs: 400 })).toBe(600);
});

test('a busy start keeps its place for at most five times the usual time', () => {
  expect(look({ ranMs: 900 })).toBe(1000);
  expect(look({ ranMs: 900, elapsedMs: 4700 })).toBe(300);
  expect(look({ ranMs: 900, elapsedMs: 5000 })).toBeNull();
});
