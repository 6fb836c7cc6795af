import { delimiter, dirname } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The first program of the machine sets this; outside of a VM there are no tests. */
const TESTS: Readonly<Record<string, string>> = {
  shell: 'test/vm/*.test.ts',
  systemd: 'test/vm/systemd/*.test.ts',
};
const tests = TESTS[process.env['TENEMENT_VM'] ?? ''];

export default defineConfig({
  test: {
    // The tests change the cgroups of their machine, so none is found outside of a VM.
    include: tests === undefined ? [] : [tests],
    passWithNoTests: true,
    // The machine is about 10 times slower than the one for which the other time-outs are set.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 300_000 } },
    env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    pool: 'forks',
    // The kernel's counters, and the memory, are shared by all files.
    fileParallelism: false,
    reporters: ['default', './scripts/tests/outcome-reporter.ts'],
  },
});
