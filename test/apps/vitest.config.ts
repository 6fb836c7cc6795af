import { delimiter, dirname } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/apps/**/*.test.ts'],
    // What the package managers have to fetch the first time may be hundreds of megabytes.
    hookTimeout: 1_800_000,
    // Five starts of a JVM on a busy machine.
    testTimeout: 1_200_000,
    expect: { poll: { timeout: 60_000 } },
    env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    pool: 'forks',
    // Some of them take a gigabyte and all processors to start.
    fileParallelism: false,
  },
});
