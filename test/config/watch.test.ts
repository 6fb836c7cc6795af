import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { watchConfig } from '../../src/config/watch.ts';

/** Watches `t.toml` below `dir`, whatever `dir` is, and counts the reports. */
async function watched(make: (dir: string) => string) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = make(dir);
  let changes = 0;
  const watch = await watchConfig(file, () => {
    changes += 1;
  });
  onTestFinished(() => watch.close());
  return { dir, changed: (times: number) => expect.poll(() => changes, { timeout: 20_000 }).toBe(times) };
}

function put(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

function relink(path: string, target: string): void {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
}

test('each edit of a file is reported once', async () => {
  const { dir, changed } = await watched((at) => {
    put(join(at, 't.toml'), 'one');
    return join(at, 't.toml');
  });
  for (const times of [1, 2, 3]) {
    put(join(dir, 't.toml'), `edit ${times}`);
    await changed(times);
  }
});

test("a link's target is watched again after it was removed and recreated (bug: never reloaded again)", async () => {
  const { dir, changed } = await watched((at) => {
    put(join(at, 'r1/t.toml'), 'one');
    symlinkSync('r1/t.toml', join(at, 't.toml'));
    return join(at, 't.toml');
  });
  for (const times of [1, 2]) {
    rmSync(join(dir, 'r1/t.toml'));
    put(join(dir, 'r1/t.toml'), `made anew ${times}`);
    await changed(times);
  }
});

test('a swapped parent directory is noticed, and its new file is watched (bug: not reloaded)', async () => {
  const { dir, changed } = await watched((at) => {
    put(join(at, 'v1/t.toml'), 'one');
    symlinkSync('v1', join(at, 'cur'));
    symlinkSync('cur/t.toml', join(at, 't.toml'));
    return join(at, 't.toml');
  });
  put(join(dir, 'v2/t.toml'), 'two');
  relink(join(dir, 'cur'), 'v2');
  await changed(1);
  put(join(dir, 'v2/t.toml'), 'edited');
  await changed(2);
  relink(join(dir, 'cur'), 'v1');
  await changed(3);
});
