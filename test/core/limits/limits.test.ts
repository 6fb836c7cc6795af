import { expect, it } from 'vitest';
import { tmpLimit } from '../../../src/core/limits/limits.ts';

it('each directory in memory holds what the config says, else half of the memory limit, else 64 MiB', () => {
  const MIB = 1024 * 1024;
  expect(tmpLimit(5 * MIB, { memoryLimitBytes: 100 * MIB })).toBe(5 * MIB);
  expect(tmpLimit(null, { memoryLimitBytes: 100 * MIB })).toBe(50 * MIB);
  expect(tmpLimit(null, { memoryLimitBytes: null })).toBe(64 * MIB);
});
