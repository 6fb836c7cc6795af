import { delimiter, dirname } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They have configurations of their own: npm run test:vm, npm run test:apps.
    exclude: [...configDefaults.exclude, 'test/vm/**', 'test/apps/**'],
    // What is waited for comes when it comes, also on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // What npm puts into PATH is not for tenants; those of the tests run with the Node of the tests.
    env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    pool: 'forks',
    // Most of the time they wait for processes: more files at once than cores.
    maxWorkers: 3,
  },
});
