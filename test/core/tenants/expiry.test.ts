import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOOK_AGAIN_MS, nextLookMs, parseExpiry } from '../../../src/core/tenants/expiry.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const HOUR_MS = 3_600_000;

describe('the date on which a tenant expires', () => {
  it.each([
    ['2026-12-31', '2026-12-31T00:00:00.000Z'],
    ['2026-12-31T12:30:00Z', '2026-12-31T12:30:00.000Z'],
    ['2026-12-31T12:30:00+02:00', '2026-12-31T10:30:00.000Z'],
    ['30d', '2026-12-28T12:00:00.000Z'],
    ['1h30m', '2026-11-28T13:30:00.000Z'],
    ['now', '2026-11-28T12:00:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(new Date(parseExpiry(text, NOW) ?? Number.NaN).toISOString()).toBe(iso);
  });

  it('is none for never', () => {
    expect(parseExpiry('never', NOW)).toBeNull();
  });

  it.each(['', '30', '2027', 'soon', '2026-13-01', '2026-12-31T12:00', '-1d', '1e9d', '99999999d', '2026-12-31 '])(
    'is refused as %j',
    (text) => {
      expect(() => parseExpiry(text, NOW)).toThrow(
        expect.objectContaining({
          code: 'bad_input',
          message: expect.stringContaining('neither a date nor a duration'),
        }),
      );
    },
  );

  it.each(['2026-11-28', '2026-11-28T11:59:59Z', '1970-01-01'])('is refused in the past: %s', (text) => {
    expect(() => parseExpiry(text, NOW)).toThrow(/is in the past/);
  });
});

describe('the next look at the clock', () => {
  it('is at the nearest date, and never later than a minute from now', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -HOUR_MS, max: HOUR_MS }), { minLength: 1 }), (offsets) => {
        const inMs = nextLookMs(
          offsets.map((offset) => NOW + offset),
          NOW,
        );
        const coming = offsets.filter((offset) => offset > 0);
        expect(inMs).toBe(Math.min(LOOK_AGAIN_MS, ...coming));
      }),
    );
  });

  it('is none without a date', () => {
    expect(nextLookMs([], NOW)).toBeNull();
  });
});
