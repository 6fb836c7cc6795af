import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/deb/*.test.ts'],
    globalSetup: ['test/deb/packages.ts'],
    testTimeout: 180_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // Each boots a machine.
    fileParallelism: false,
    reporters: ['default', './scripts/tests/outcome-reporter.ts'],
  },
});
