import { describe, expect, it } from 'vitest';
import { firstLookAtMs, nextLookAtMs, renewAtMs, shareOf } from '../../../src/core/acme/renewal.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const certificate = (days: number) => ({ notBeforeMs: 0, notAfterMs: days * DAY_MS, renewalId: null });

describe('without a suggestion of the authority', () => {
  it.each([90, 6])('a certificate of %i days is renewed when a third is left, or a little before', (days) => {
    const issued = certificate(days);
    const at = [0, 0.5, 0.999].map((share) => renewAtMs(issued, share) / issued.notAfterMs);
    expect(at[0]).toBeCloseTo(2 / 3);
    expect(at[2]).toBeGreaterThan(0.6);
    expect(at[1]).toBeLessThan(at[0] ?? 0);
  });

  it('a certificate that comes old is not renewed at once', () => {
    expect(firstLookAtMs(certificate(90), 0, false, 80 * DAY_MS)).toBe(89 * DAY_MS);
  });

  it('it is looked at again only when it is time', () => {
    expect(nextLookAtMs(certificate(90), null, 0, 59 * DAY_MS)).toBe(60 * DAY_MS);
    expect(nextLookAtMs(certificate(90), null, 0, 60 * DAY_MS)).toBeNull();
  });
});

describe('with a suggestion of the authority', () => {
  const info = { startMs: 50 * DAY_MS, endMs: 52 * DAY_MS, askAgainMs: null };

  it('it is asked for again every six hours, or as the authority says within a day', () => {
    expect(firstLookAtMs(certificate(90), 0, true, 0)).toBe(6 * HOUR_MS);
    expect(nextLookAtMs(certificate(90), info, 0, DAY_MS)).toBe(DAY_MS + 6 * HOUR_MS);
    expect(nextLookAtMs(certificate(90), { ...info, askAgainMs: HOUR_MS }, 0, DAY_MS)).toBe(DAY_MS + HOUR_MS);
    expect(nextLookAtMs(certificate(90), { ...info, askAgainMs: 9 * DAY_MS }, 0, DAY_MS)).toBe(2 * DAY_MS);
    expect(nextLookAtMs(certificate(90), { ...info, askAgainMs: 0 }, 0, DAY_MS)).toBe(DAY_MS + 60_000);
  });

  it('a certificate is renewed at its time in the window, also when that has passed', () => {
    expect(nextLookAtMs(certificate(90), info, 0.5, 51 * DAY_MS - 1)).toBe(51 * DAY_MS);
    expect(nextLookAtMs(certificate(90), info, 0.5, 51 * DAY_MS)).toBeNull();
    expect(nextLookAtMs(certificate(90), { ...info, startMs: -2, endMs: -1 }, 0.5, 0)).toBeNull();
  });

  it('a window after the end of the certificate does not let it expire', () => {
    const late = { startMs: 100 * DAY_MS, endMs: 101 * DAY_MS, askAgainMs: null };
    expect(nextLookAtMs(certificate(90), late, 0, 75 * DAY_MS)).toBeNull();
  });
});

it('names have shares that are spread, and always the same', () => {
  const shares = Array.from({ length: 1000 }, (_value, index) => shareOf(`shop-${index}.example.com`));
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...shares)).toBeLessThan(1);
  for (let tenth = 0; tenth < 10; tenth += 1)
    expect(shares.filter((share) => Math.floor(share * 10) === tenth).length).toBeGreaterThan(50);
  expect(shareOf('a.test')).toBe(shareOf('a.test'));
});
