import { expect, test } from 'vitest';
import { hourName, hourOf } from '../../../src/core/usage/hours.ts';
import { type Period, parseHour, periodEnd, periodName, periodStart } from '../../../src/core/usage/periods.ts';

const NOW = hourOf(Date.UTC(2026, 11, 31, 18, 30));

test.each<[Period, string, string, string]>([
  ['hour', '2026-12-31T18', '2026-12-31T18', '2026-12-31T19'],
  ['day', '2026-12-31', '2026-12-31T00', '2027-01-01T00'],
  ['month', '2026-12', '2026-12-01T00', '2027-01-01T00'],
])('a %s is named, begins and ends in UTC', (period, name, begin, end) => {
  const start = periodStart(NOW, period);
  expect(periodName(start, period)).toBe(name);
  expect([hourName(start), hourName(periodEnd(start, period))]).toEqual([begin, end]);
});

test.each([
  ['2026-11', '2026-11-01T00'],
  ['2028-02-29', '2028-02-29T00'],
  ['2026-11-27T18', '2026-11-27T18'],
  ['2026-11-27T18:00Z', '2026-11-27T18'],
  ['2026-11-27T18:00:00.000Z', '2026-11-27T18'],
])('%s is read as an hour', (text, hour) => {
  expect(hourName(parseHour(text, 'from'))).toBe(hour);
});

test.each([
  '',
  '2026',
  '2026-13',
  '2026-02-30',
  '2026-11-27T24',
  '2026-11-27T18:30Z',
  '2026-11-27T18:00:00+01:00',
  '2026-1-1',
  'yesterday',
  '2026-11-27T18\n',
  '99999-01',
])('%j is refused with the forms that are understood', (text) => {
  expect(() => parseHour(text, 'from')).toThrow(expect.objectContaining({ code: 'bad_input' }));
});
