import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const module = fileURLToPath(new URL('../../../src/proxy/exchange/body-memory.ts', import.meta.url));

test('V8 accepts the flag without a warning', () => {
  const program = `(await import(${JSON.stringify(module)})).countBodiesWithHeap();`;
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
});
