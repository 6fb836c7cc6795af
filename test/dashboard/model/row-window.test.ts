import { expect, it } from 'vitest';
import { rowWindow, scrollTo } from '../../../src/dashboard/model/row-window.ts';

it('draws what is in sight and a little more, of 10,000 rows', () => {
  const { from, to } = rowWindow({ scrollTop: 32 * 5000, height: 640 }, 32, 10_000);
  expect(from).toBeGreaterThan(4980);
  expect(from).toBeLessThanOrEqual(5000);
  expect(to).toBeGreaterThanOrEqual(5020);
  expect(to).toBeLessThan(5040);
});

it('stays within the rows when fewer are left than were scrolled past', () => {
  expect(rowWindow({ scrollTop: 320_000, height: 640 }, 32, 3)).toEqual({ from: 3, to: 3 });
  expect(rowWindow({ scrollTop: 0, height: 640 }, 32, 0)).toEqual({ from: 0, to: 0 });
});

it('scrolls only as far as a row is out of sight', () => {
  const viewport = { scrollTop: 320, height: 320 };
  expect(scrollTo(12, viewport, 32, 36)).toBe(320);
  expect(scrollTo(2, viewport, 32, 36)).toBe(64);
  expect(scrollTo(30, viewport, 32, 36)).toBe(31 * 32 + 36 - 320);
});
