import { expect, test } from 'vitest';
import { isTimezone, nextTimeMs, scheduleProblem } from '../../src/node/cron.ts';

const next = (cron: string, timezone: string | null, after: string) => {
  const atMs = nextTimeMs(cron, timezone, Date.parse(after));
  return atMs === null ? null : new Date(atMs).toISOString();
};

test('the next time of a schedule is told, in its time zone', () => {
  expect(next('0 3 * * *', 'UTC', '2026-01-31T03:00:00Z')).toBe('2026-02-01T03:00:00.000Z');
  expect(next('0 3 * * *', 'Europe/Berlin', '2026-01-31T03:00:00Z')).toBe('2026-02-01T02:00:00.000Z');
  expect(next('*/10 * * * * *', 'UTC', '2026-01-31T03:00:01Z')).toBe('2026-01-31T03:00:10.000Z');
});

test('a time that the change to summer time leaves out is not lost', () => {
  expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z')).toMatch(/^2026-03-29T0[01]:\d0:00.000Z$/);
});

test('what is no schedule is told', () => {
  expect(scheduleProblem('0 3 * * *')).toBeNull();
  expect(scheduleProblem('0 0 3 * * *')).toBeNull();
  expect(scheduleProblem('0 0 30 2 *')).toBe('it never comes');
  for (const wrong of ['', 'daily', '@daily', '0 25 * * *', '* * *', '2026-01-01T00:00:00'])
    expect(scheduleProblem(wrong), wrong).toEqual(expect.any(String));
});

test('time zones are known by name', () => {
  expect(isTimezone('Europe/Berlin')).toBe(true);
  expect(isTimezone('Mars/Olympus')).toBe(false);
});
