import { expect, test } from 'vitest';
import { isShort } from '../../../src/core/admission/pressure.ts';

const MB = 1024 * 1024;
const memory = (availableMb: number, stalledPercent: number | null) => ({
  availableBytes: availableMb * MB,
  stalledPercent,
});

test('memory is short when less than the reserve is available', () => {
  expect(isShort(memory(255, null), 256 * MB)).toBe(true);
  expect(isShort(memory(256, null), 256 * MB)).toBe(false);
});

test('while processes wait for memory, twice the reserve is kept', () => {
  expect(isShort(memory(500, 10), 256 * MB)).toBe(true);
  expect(isShort(memory(500, 9.9), 256 * MB)).toBe(false);
  expect(isShort(memory(512, 90), 256 * MB)).toBe(false);
});

test('memory is never short without a reserve', () => {
  expect(isShort(memory(0, 100), 0)).toBe(false);
});
