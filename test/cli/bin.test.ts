import { spawnSync } from 'node:child_process';
import { copyFileSync, lstatSync, mkdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tempDir } from '../api/running.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const OLD_NODE = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';

/** A checkout of only these two files. */
function checkout(): string {
  const dir = tempDir();
  for (const file of ['bin/tenement.js', 'scripts/link-bin.mjs']) {
    mkdirSync(join(dir, file, '..'), { recursive: true });
    copyFileSync(join(root, file), join(dir, file));
  }
  return dir;
}

function node(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('an old Node gets one clear line and a hint', () => {
  const { status, stderr } = node('--import', OLD_NODE, join(root, 'bin/tenement.js'), 'ps');
  expect(status).toBe(1);
  expect(stderr.split('\n')).toEqual([
    'tenement: Node 20.20.2 is too old, Node 24 or later is needed (node_too_old)',
    expect.stringMatching(/^hint: /),
    '',
  ]);
});

test('linking makes both names run from a checkout, again and again', () => {
  const dir = checkout();
  mkdirSync(join(dir, 'node_modules/.bin'), { recursive: true });
  for (let time = 0; time < 2; time += 1) expect(node(join(dir, 'scripts/link-bin.mjs')).status).toBe(0);
  for (const name of ['tenement', 'ten']) {
    expect(readlinkSync(join(dir, 'node_modules/.bin', name))).toBe('../../bin/tenement.js');
  }
  expect(statSync(join(dir, 'bin/tenement.js')).mode & 0o111).toBe(0o111);
});

test('linking does nothing where there is no node_modules/.bin', () => {
  const dir = checkout();
  expect(node(join(dir, 'scripts/link-bin.mjs'))).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(lstatSync(join(dir, 'node_modules'), { throwIfNoEntry: false })).toBeUndefined();
});

test('what has not been built says so', () => {
  const { status, stderr } = node(join(checkout(), 'bin/tenement.js'));
  expect([status, stderr]).toEqual([1, expect.stringContaining('npm run build')]);
});
