import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

/** A program that prints that it was called, and with which arguments. */
function fakeNode(dir: string, name: string): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'node'), `#!/bin/sh\necho ${name} "$@"\n`, { mode: 0o755 });
}

test('both names run from a checkout with the Node that npm ci brings (bug: with an old one of the system)', () => {
  const dir = checkout();
  const binDir = join(dir, 'node_modules/.bin');
  fakeNode(binDir, 'ours');
  fakeNode(join(dir, 'system'), 'theirs');
  const env = { PATH: `${join(dir, 'system')}:/usr/bin:/bin` };
  for (let time = 0; time < 2; time += 1) expect(node(join(dir, 'scripts/link-bin.mjs')).status).toBe(0);
  symlinkSync(join(binDir, 'tenement'), join(dir, 'system/elsewhere'));
  const program = realpathSync(join(dir, 'bin/tenement.js'));
  for (const command of [join(binDir, 'tenement'), join(binDir, 'ten'), join(dir, 'system/elsewhere')]) {
    const [name, path = '', ...args] = spawnSync(command, ['ps', '-x'], { encoding: 'utf8', env })
      .stdout.trim()
      .split(' ');
    expect([name, realpathSync(path), args]).toEqual(['ours', program, ['ps', '-x']]);
  }
  rmSync(join(binDir, 'node'));
  expect(spawnSync(join(binDir, 'ten'), { encoding: 'utf8', env }).stdout).toMatch(/^theirs /);
  expect(statSync(program).mode & 0o111).toBe(0o111);
});

test('linking does nothing where there is no node_modules/.bin', () => {
  const dir = checkout();
  expect(node(join(dir, 'scripts/link-bin.mjs'))).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(lstatSync(join(dir, 'node_modules'), { throwIfNoEntry: false })).toBeUndefined();
});

test('a checkout that has not been built says so', () => {
  const { status, stderr } = node(join(checkout(), 'bin/tenement.js'));
  expect([status, stderr]).toEqual([1, expect.stringContaining('npm run build')]);
});

test('compiled code is kept where no other user can write (bug: in /tmp, from where root ran what anybody had put there)', () => {
  const dir = tempDir();
  const env = { PATH: process.env['PATH'], TMPDIR: dir, HOME: dir };
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/tenement.js'), '--version'], {
    encoding: 'utf8',
    env,
  });
  expect([stdout, stderr]).toEqual([expect.stringMatching(/^\d/), '']);
  expect(existsSync(join(dir, 'node-compile-cache'))).toBe(false);
});
