import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import { purgeDir } from '../../../src/process/storage/purge.ts';
import { Trash } from '../../../src/process/storage/trash.ts';
import { makeDir } from '../support.ts';

function makeTenant() {
  const dataDir = makeDir();
  const settings = { dataDir, stateDir: join(dataDir, '.tenement') };
  mkdirSync(settings.stateDir);
  mkdirSync(join(dataDir, 'other'));
  writeFileSync(join(dataDir, 'other/file'), 'keep');
  const trash = new Trash({ logger: silentLogger() });
  onTestFinished(() => trash.close());
  return { settings, trash, path: join(dataDir, 'acme'), keeps: () => existsSync(join(dataDir, 'other/file')) };
}

/** Mounts a file system there until the test ends; false where this host does not allow it. */
function mount(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', path], { stdio: 'ignore' });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync('umount', [path]));
  return true;
}

test('a purge deletes links, and not their targets', async () => {
  const { settings, trash, path, keeps } = makeTenant();
  mkdirSync(path);
  symlinkSync('../other', join(path, 'link'));
  purgeDir(path, settings, trash);
  expect(existsSync(path)).toBe(false);
  await trash.settled();
  expect(readdirSync(settings.stateDir)).toEqual([]);
  expect(keeps()).toBe(true);
});

test('a purge of a link in place of the directory deletes only the link; a missing one is no error', async () => {
  const { settings, trash, path, keeps } = makeTenant();
  symlinkSync('other', path);
  for (let times = 0; times < 2; times += 1) purgeDir(path, settings, trash);
  await trash.settled();
  expect(existsSync(path)).toBe(false);
  expect(keeps()).toBe(true);
});

test('a directory with a file system mounted on it or in it stays, and the error says where', () => {
  for (const place of ['', 'in it \\ a']) {
    const { settings, trash, path } = makeTenant();
    mkdirSync(join(path, place), { recursive: true });
    if (!mount(join(path, place))) return;
    writeFileSync(join(path, place, 'file'), 'keep');
    const failure = expect.objectContaining({
      code: 'purge_failed',
      message: expect.stringMatching(new RegExp(`^the data are still in ${path}: a file system is mounted at ${path}`)),
    });
    expect(() => purgeDir(path, settings, trash)).toThrow(failure);
    expect(existsSync(join(path, place, 'file'))).toBe(true);
  }
});

test('a purge goes by way of the data directory when the state directory has a file system of its own', async () => {
  const { settings, trash, path } = makeTenant();
  if (!mount(settings.stateDir)) return;
  mkdirSync(path, { recursive: true });
  const went = watched(settings.dataDir);
  purgeDir(path, settings, trash);
  expect(existsSync(path)).toBe(false);
  await expect.poll(() => [...went]).toContain('.tenement-trash');
  await trash.settled();
  expect(existsSync(join(settings.dataDir, '.tenement-trash'))).toBe(false);
});

test('a directory that cannot be moved stays where it is, and the error says so', () => {
  const { settings, trash, path } = makeTenant();
  mkdirSync(path);
  writeFileSync(join(settings.stateDir, 'trash'), 'in the way');
  expect(() => purgeDir(path, settings, trash)).toThrow(`the data are still in ${path}`);
  expect(existsSync(path)).toBe(true);
});

/** The names in the directory that were added or removed since. */
function watched(dir: string): ReadonlySet<string> {
  const names = new Set<string>();
  const watcher = watch(dir, (_event, name) => names.add(String(name)));
  onTestFinished(() => watcher.close());
  return names;
}
