import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PERIODS, type Period, periodAt } from '../../../src/core/quota/period.ts';

const at = (text: string) => Date.parse(text);

describe('a period', () => {
  it.each<[Period, string, string, string]>([
    ['hour', '2026-11-28T10:33:20Z', '2026-11-28T10:00Z', '2026-11-28T11:00Z'],
    ['hour', '2026-12-31T23:59:59.999Z', '2026-12-31T23:00Z', '2027-01-01T00:00Z'],
    ['day', '2028-02-28T12:00Z', '2028-02-28T00:00Z', '2028-02-29T00:00Z'],
    ['day', '2027-02-28T12:00Z', '2027-02-28T00:00Z', '2027-03-01T00:00Z'],
    ['month', '2028-02-29T23:59Z', '2028-02-01T00:00Z', '2028-03-01T00:00Z'],
    ['month', '2026-12-31T23:59Z', '2026-12-01T00:00Z', '2027-01-01T00:00Z'],
    ['month', '2026-01-01T00:00Z', '2026-01-01T00:00Z', '2026-02-01T00:00Z'],
  ])('of a %s at %s begins at %s and ends at %s', (period, now, start, end) => {
    expect(periodAt(period, at(now))).toEqual({ startMs: at(start), endMs: at(end) });
  });

  it('contains its time, and the next one begins where it ends', () => {
    const times = fc.integer({ min: at('1990-01-01T00:00Z'), max: at('2200-01-01T00:00Z') });
    fc.assert(
      fc.property(fc.constantFrom(...PERIODS), times, (period, now) => {
        const { startMs, endMs } = periodAt(period, now);
        expect(startMs).toBeLessThanOrEqual(now);
        expect(endMs).toBeGreaterThan(now);
        expect(periodAt(period, startMs)).toEqual({ startMs, endMs });
        expect(periodAt(period, endMs).startMs).toBe(endMs);
      }),
    );
  });
});
