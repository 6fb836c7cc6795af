import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { LONG, STARTING_PROCESSES, WITH_MODULES_OF_THEIR_OWN } from './test/stages.ts';

/** Of the programs that tests start, so that each start does not compile the source again. */
const compileCache = fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

// They have configurations of their own: npm run test:vm, test:apps and test:deb.
const OTHERS = [...configDefaults.exclude, 'test/vm/**', 'test/apps/**', 'test/deb/**'];

const common = {
  // What is waited for comes when it comes, also on a busy machine.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } },
  // What npm puts into PATH is not for tenants; those of the tests run with the Node of the tests.
  env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`, NODE_COMPILE_CACHE: compileCache },
  pool: 'forks' as const,
};

const unit = { ...common, setupFiles: ['test/no-processes.ts'] };

export default defineConfig({
  test: {
    // Most of the time tests wait for processes: more files at once than cores.
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...unit,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...OTHERS, ...LONG, ...STARTING_PROCESSES, ...WITH_MODULES_OF_THEIR_OWN],
          isolate: false,
        },
      },
      { test: { ...unit, name: 'unit-isolated', include: WITH_MODULES_OF_THEIR_OWN } },
      { test: { ...common, name: 'process', include: STARTING_PROCESSES, exclude: [...OTHERS, ...LONG] } },
      { test: { ...common, name: 'long', include: LONG, exclude: OTHERS } },
    ],
  },
});
