import { expect, it } from 'vitest';
import { sleepsAtMs } from '../../../src/core/lifecycle/idle.ts';

it('sleeps an idle timeout after the last activity', () => {
  expect(sleepsAtMs({ open: 0, lastActivityAtMs: 1000, busyUntilMs: 0 }, 300)).toBe(1300);
});

it('never sleeps while something is open', () => {
  expect(sleepsAtMs({ open: 1, lastActivityAtMs: 1000, busyUntilMs: 0 }, 300)).toBeNull();
});

it('never sleeps with an idle timeout of 0', () => {
  expect(sleepsAtMs({ open: 0, lastActivityAtMs: 1000, busyUntilMs: 0 }, 0)).toBeNull();
});

it('lets an instance that asked to stay awake sleep when that time and its idle timeout are over', () => {
  expect(sleepsAtMs({ open: 0, lastActivityAtMs: 1000, busyUntilMs: 5000 }, 300)).toBe(5000);
  expect(sleepsAtMs({ open: 0, lastActivityAtMs: 1000, busyUntilMs: 1100 }, 300)).toBe(1300);
});
