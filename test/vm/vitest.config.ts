import { delimiter, dirname } from 'node:path';
import { defineConfig } from 'vitest/config';

/** By the first program of the machine; outside of a VM there are none. */
const TESTS: Readonly<Record<string, string>> = {
  shell: 'test/vm/*.test.ts',
  systemd: 'test/vm/systemd/*.test.ts',
};
const tests = TESTS[process.env['TENEMENT_VM'] ?? ''];

export default defineConfig({
  test: {
    // They change the cgroups of the machine they run on: nothing is found outside of a VM.
    include: tests === undefined ? [] : [tests],
    passWithNoTests: true,
    // The machine is about 10 times slower than the one that the other limits are made for.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 300_000 } },
    env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    pool: 'forks',
    // What the kernel counts, and its memory, are of all files together.
    fileParallelism: false,
    reporters: ['default', './scripts/tests/outcome-reporter.ts'],
  },
});
