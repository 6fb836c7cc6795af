import { delimiter, dirname } from 'node:path';
import { defineConfig } from 'vitest/config';
import { CountReporter } from './count-reporter.ts';

export default defineConfig({
  test: {
    // They change the cgroups of the machine they run on: nothing is found outside of a VM.
    include: process.env['TENEMENT_VM'] ? ['test/vm/**/*.test.ts'] : [],
    // The machine is about 10 times slower than the one that the other limits are made for.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 100_000 } },
    env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    pool: 'forks',
    // What the kernel counts, and its memory, are of all files together.
    fileParallelism: false,
    reporters: ['default', new CountReporter()],
  },
});
