import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src/cli/young-heap.ts', import.meta.url));

/** In a process of its own, since the heap of the test's has grown already. Prints MB of the young generation. */
const SCRIPT = `
import { getHeapSpaceStatistics } from 'node:v8';
import { withSmallYoungHeap } from ${JSON.stringify(source)};
const kept = [];
const keep = async () => { for (let n = 0; n < 1_000_000; n += 1) kept[n % 300_000] = { n, text: [n] }; };
const youngMb = () => {
  gc({ type: 'minor' });
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20;
};
await withSmallYoungHeap(keep);
const small = youngMb();
await keep();
console.log(JSON.stringify([small, youngMb()]));
`;

test('what survives a start does not make the young heap grow, what comes later does', () => {
  const argv = ['--expose-gc', '--input-type=module', '--eval', SCRIPT];
  const { stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  const [small, grown] = JSON.parse(stdout);
  expect(small).toBeLessThanOrEqual(4);
  expect(grown).toBeGreaterThanOrEqual(6);
});
