import { delimiter, dirname } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/apps/**/*.test.ts'],
    // The package managers may fetch hundreds of megabytes the first time.
    hookTimeout: 1_800_000,
    // Five starts of a JVM on a busy machine fit into this.
    testTimeout: 1_200_000,
    expect: { poll: { timeout: 60_000 } },
    env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    pool: 'forks',
    // Some applications need a gigabyte and all processors to start.
    fileParallelism: false,
  },
});
