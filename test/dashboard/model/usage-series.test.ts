import { expect, it } from 'vitest';
import type { UsageView } from '../../../src/core/usage/usage-query.ts';
import { axisTime, levelsAt, spanFrom, spanTimes, valuesAt } from '../../../src/dashboard/model/usage-series.ts';

const nowMs = Date.parse('2026-11-28T12:34:56Z');
const row = (from: string, values: object) => ({ from, ...values }) as UsageView;

it('has a period for each hour of a day, up to the current one', () => {
  const times = spanTimes('day', nowMs);
  expect(times).toHaveLength(24);
  expect(new Date((times.at(-1) ?? 0) * 1000).toISOString()).toBe('2026-11-28T12:00:00.000Z');
  expect(spanFrom('day', nowMs)).toBe('2026-11-27T13');
});

it('has a period for each day of a month', () => {
  expect(spanTimes('month', nowMs)).toHaveLength(31);
  expect(spanFrom('month', nowMs)).toBe('2026-10-29');
});

it('takes what has no row for no use, and divides', () => {
  const times = spanTimes('day', nowMs);
  const usage = [row('2026-11-28T11:00:00Z', { cpuSeconds: 30 })];
  expect(valuesAt(times, usage, 'cpuSeconds', 10).slice(-3)).toEqual([0, 3, 0]);
});

it('keeps a level until it is measured again, and knows none before', () => {
  const times = spanTimes('day', nowMs);
  const usage = [row('2026-11-28T10:00:00Z', { storageBytes: 5 }), row('2026-11-28T11:00:00Z', { storageBytes: 0 })];
  expect(levelsAt(times, usage, 'storageBytes').slice(-4)).toEqual([null, 5, 5, 5]);
});

it('writes times of the axis in UTC', () => {
  expect(axisTime('day', nowMs / 1000)).toBe('12:34');
  expect(axisTime('week', nowMs / 1000)).toBe('11-28');
});
