import { expect, test } from 'vitest';
import { parseSince } from '../../../src/core/input/since.ts';

const NOW_MS = Date.parse('2026-01-31T12:00:00Z');

test.each([
  ['10m', '2026-01-31T11:50:00Z'],
  ['90', '2026-01-31T11:58:30Z'],
  ['1d12h', '2026-01-30T00:00:00Z'],
  ['2026-01-31', '2026-01-31T00:00:00Z'],
  ['2026-01-31T08:00:00Z', '2026-01-31T08:00:00Z'],
  ['2026-01-31T08:00:00.250+02:00', '2026-01-31T06:00:00.250Z'],
])('%s is %s', (text, time) => {
  expect(parseSince(text, NOW_MS)).toBe(Date.parse(time));
});

test.each(['', 'yesterday', '10 m', '2026-13-40', '-5m'])('%j is refused', (text) => {
  expect(() => parseSince(text, NOW_MS)).toThrow(expect.objectContaining({ code: 'bad_input' }));
});
