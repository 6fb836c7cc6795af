import { expect, it } from 'vitest';
import {
  bytes,
  bytesOf,
  count,
  cpuTime,
  duration,
  eventTime,
  plural,
  relative,
} from '../../../src/dashboard/model/format.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KB'],
  [18_140_365, '17.3 MB'],
  [1_073_741_000, '1.0 GB'],
  [5e15, '4547.5 TB'],
])('formats %d bytes as %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

it('shows a dash for what is not known', () => {
  expect(bytes(null)).toBe('–');
  expect(relative(null, 0)).toBe('–');
});

it('names a unit once where part and whole share it', () => {
  expect(bytesOf(3.1 * 2 ** 30, 7.5 * 2 ** 30)).toBe('3.1 of 7.5 GB');
  expect(bytesOf(300 * 2 ** 20, 2 * 2 ** 30)).toBe('300.0 MB of 2.0 GB');
});

it.each([
  [-5, '0s'],
  [999, '1s'],
  [41_000, '41s'],
  [59_600, '1m'],
  [312_000, '5m 12s'],
  [12 * 60_000 + 30_000, '12m'],
  [3_600_000, '1h'],
  [(3 * 24 + 4) * 3_600_000, '3d 4h'],
  [40 * 24 * 3_600_000, '40d'],
])('formats %d ms as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('says how long ago or in how long', () => {
  const nowMs = Date.parse('2026-11-28T12:00:00Z');
  expect(relative('2026-11-28T11:58:00Z', nowMs)).toBe('2m ago');
  expect(relative('2026-11-28T12:00:08Z', nowMs)).toBe('in 8s');
  expect(relative('2026-11-28T12:00:00.500Z', nowMs)).toBe('now');
});

it('shows the date of an event only when it is not of today', () => {
  const nowMs = new Date(2026, 10, 28, 12).getTime();
  expect(eventTime(new Date(2026, 10, 28, 9, 5, 7).toISOString(), nowMs)).toBe('09:05:07');
  expect(eventTime(new Date(2026, 10, 27, 9, 5, 7).toISOString(), nowMs)).toBe('11-27 09:05:07');
});

it('shows a short time on a CPU exactly', () => {
  expect(cpuTime(0.098)).toBe('0.1 s');
  expect(cpuTime(59.96)).toBe('1m');
  expect(cpuTime(null)).toBe('–');
});

it('groups thousands and counts nouns', () => {
  expect(count(12_345)).toBe('12,345');
  expect(plural(1, 'line')).toBe('1 line');
  expect(plural(2000, 'line')).toBe('2,000 lines');
});
