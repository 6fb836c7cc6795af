import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, parseDuration, parseDurationMs } from '../../../src/core/limits/units.ts';

describe('durations', () => {
  it.each([
    [300, 300_000],
    ['5m', 300_000],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    [0, 0],
    [1.5, null],
    [-1, null],
    ['5 m', null],
    ['', null],
    ['m', null],
    ['1e3s', null],
  ])('%j → %s ms', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });

  it('any text is a whole number of milliseconds or nothing', () => {
    fc.assert(fc.property(fc.string(), (text) => Number.isSafeInteger(parseDurationMs(text) ?? 0)));
  });

  it.each([
    [40, '40ms'],
    [250_000, '4m 10s'],
    [3_600_000, '1h'],
    [93_784_000, '1d 2h'],
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('durations without a better message', () => {
  it('are refused with the accepted forms', () => {
    expect(parseDuration('5m')).toBe(300_000);
    expect(() => parseDuration('5 m')).toThrow('"5 m" is not a duration; write 300, "5m" or "250ms"');
  });
});

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [1023, '1023 bytes'],
    [1536, '1.5 KB'],
    [10 * 1024, '10 KB'],
    [1024 ** 2 - 1, '1.0 MB'],
    [1024 ** 3 - 1, '1.0 GB'],
    [1024 ** 2, '1.0 MB'],
    [17.3 * 1024 ** 2, '17.3 MB'],
    [1.5 * 1024 ** 3, '1.5 GB'],
  ])('%d bytes reads %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
