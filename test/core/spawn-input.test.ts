/** One table of inputs, and what the library, the API and the config make of them. */
import { describe, expect, it } from 'vitest';
import { spawnBody } from '../../src/api/schemas.ts';
import { serviceSchema } from '../../src/config/schema.ts';
import { assertSpawnOptions } from '../../src/core/spawn-input.ts';

const BAD: [unknown, string][] = [
  [
    { limits: { memoryLimitMb: -5 } },
    'limits.memoryLimitMb: expected a whole number from 1 to 1048576, and this is -5',
  ],
  [{ limits: { memoryLimitMb: 1.5 } }, 'limits.memoryLimitMb: expected a whole number'],
  [{ limits: { memoryLimitMb: 2 ** 21 } }, 'limits.memoryLimitMb: expected a whole number from 1 to 1048576'],
  [{ limits: { memoryLimitMb: '64' } }, 'limits.memoryLimitMb: expected a whole number'],
  [{ limits: { cpuLimit: Number.NaN } }, 'limits.cpuLimit: expected a number from 0.01 to 1024, and this is NaN'],
  [{ limits: { cpuLimit: Number.POSITIVE_INFINITY } }, 'limits.cpuLimit: expected a number'],
  [{ limits: { cpuShares: 0 } }, 'limits.cpuShares: expected a whole number from 1 to 10000'],
  [{ limits: { nofileLimit: 3 } }, 'limits.nofileLimit: expected a whole number of at least 16'],
  [{ limits: { memory: 5 } }, 'limits: known are memoryLimitMb, cpuShares'],
  [{ limits: [] }, 'limits: expected an object'],
  [{ env: { 'A=B': '1' } }, 'env: expected the name of an environment variable, and this is "A=B"'],
  [{ env: { '': '1' } }, 'env: expected the name of an environment variable'],
  [{ env: { A: 5 } }, 'env.A: expected a string, and this is 5'],
  [{ env: { A: 'x\0y' } }, 'env.A: expected text without NUL'],
  [{ env: null }, 'env: expected an object'],
  [{ start: 'no' }, 'start: expected true or false'],
  [{ strat: false }, 'options: known are env, limits, start, wait, and this is "strat"'],
];

const GOOD = [
  {},
  { env: {}, limits: {} },
  { env: { A: '', _b1: '=' }, limits: { cpuLimit: 0.5, pidsLimit: 1, nofileLimit: 16 } },
  { start: false, wait: false },
  { limits: { storageLimitMb: 1024 * 1024, cpuShares: 10_000 } },
];

const body = (options: unknown) => spawnBody.safeParse({ service: 'api', id: 'acme', ...(options as object) }).success;

describe('what a spawn is given', () => {
  it.each(BAD)('%j is refused by the library and by the API', (options, message) => {
    expect(() => assertSpawnOptions(options as object)).toThrow(
      expect.objectContaining({ code: 'bad_input', message: expect.stringContaining(message) }),
    );
    expect(body(options)).toBe(false);
  });

  it.each(GOOD)('%j is taken by both', (options) => {
    expect(() => assertSpawnOptions(options)).not.toThrow();
    expect(body(options)).toBe(true);
  });
});

it.each([
  ['memory_limit_mb', 0, 1, 1024 * 1024],
  ['cpu_shares', 10_001, 1, 10_000],
  ['cpu_limit', 0, 0.01, 1024],
  ['nofile_limit', 15, 16, 16],
])('the config has the same bounds for %s', (key, bad, min, max) => {
  const takes = (value: number) => serviceSchema.safeParse({ command: 'x', [key]: value }).success;
  expect([takes(bad), takes(min), takes(max)]).toEqual([false, true, true]);
});
