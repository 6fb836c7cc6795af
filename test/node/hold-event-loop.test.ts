import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { holdEventLoop } from '../../src/node/hold-event-loop.ts';

const module = fileURLToPath(new URL('../../src/node/hold-event-loop.ts', import.meta.url));

/** Awaits a promise that keeps no program running. */
function run(wrapper: string): number | null {
  const program = `const { holdEventLoop } = await import(${JSON.stringify(module)});
    const work = new Promise((resolve) => setTimeout(resolve, 50).unref());
    await ${wrapper}(work);`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' }).status;
}

test('a program stays alive until the awaited work is done, and then ends', () => {
  expect(run('')).toBe(13);
  expect(run('holdEventLoop')).toBe(0);
});

test('the hold passes on the result, also a failure', async () => {
  expect(await holdEventLoop(Promise.resolve('done'))).toBe('done');
  await expect(holdEventLoop(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});
