import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src/local/young-heap.ts', import.meta.url));

/** Runs in a process of its own, since the test's heap has grown already. Prints MB of the young generation. */
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
// How soon it grows depends on when collections run, and so on the load of the machine.
let grown = small;
for (let times = 0; times < 20 && grown < 6; times += 1) {
  await keep();
  grown = youngMb();
}
console.log(JSON.stringify([small, grown]));
`;

test('objects that survive a start do not make the young heap grow, later ones do', () => {
  const argv = ['--expose-gc', '--input-type=module', '--eval', SCRIPT];
  const { stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  const [small, grown] = JSON.parse(stdout);
  expect(small).toBeLessThanOrEqual(4);
  expect(grown).toBeGreaterThanOrEqual(6);
});
