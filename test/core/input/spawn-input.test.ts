/** One table of inputs, and what the library, the API and the config make of them. */
import { describe, expect, it } from 'vitest';
import { spawnBody } from '../../../src/api/schemas/instances.ts';
import { serviceSchema } from '../../../src/config/schema/service.ts';
import { assertSpawnOptions } from '../../../src/core/input/spawn-input.ts';
import { BAD_INPUTS, GOOD_INPUTS } from '../../fixtures/spawn-inputs.ts';

const body = (options: unknown) => spawnBody.safeParse({ service: 'api', id: 'acme', ...(options as object) }).success;

describe('spawn input', () => {
  it.each(BAD_INPUTS)('$options is refused by the library and by the API', ({ options, message }) => {
    expect(() => assertSpawnOptions(options as object)).toThrow(
      expect.objectContaining({ code: 'bad_input', message: expect.stringContaining(message) }),
    );
    expect(body(options)).toBe(false);
  });

  it.each(GOOD_INPUTS)('%j is accepted by both', (options) => {
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
