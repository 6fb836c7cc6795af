import { expect, test } from 'vitest';
import { age, bytes, duration, plural } from '../../../src/cli/output/format.ts';

test.each([
  [0, '0s'],
  [-5, '0s'],
  [41_000, '41s'],
  [312_000, '5m 12s'],
  [3_600_000, '1h 0m'],
  [273_600_000, '3d 4h'],
])('%i ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [null, '-'],
  [0, '0 bytes'],
  [20 * 1024 ** 2, '20.0 MB'],
  [1.5 * 1024 ** 3, '1.5 GB'],
])('%s bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

test('an unknown time has no age', () => expect(age(null, 0)).toBe('-'));

test('a count of one takes the singular', () =>
  expect([plural(1, 'time'), plural(2, 'time')]).toEqual(['1 time', '2 times']));
