import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import { memoryPlaceOf } from '../../../src/process/secrets/memory-place.ts';
import { SecretFiles } from '../../../src/process/secrets/secret-files.ts';
import type { Trash } from '../../../src/process/storage/trash.ts';
import { makeDir } from '../support.ts';

const ACME = { instance: 'api:acme', command: null } as const;
const VALUES = new Map([
  ['A', 'one'],
  ['B', 'two\n'],
]);

/** Secrets of a server whose runtime directory is on a disk, if /tmp is. */
function made() {
  const dir = makeDir();
  const settings = { runtimeDir: join(dir, 'run'), stateDir: join(dir, 'state') };
  mkdirSync(settings.runtimeDir);
  const discarded: string[] = [];
  const warnings: unknown[] = [];
  const trash = {
    sweep: () => {},
    clear: (path: string) => {
      discarded.push(basename(path));
      rmSync(path, { recursive: true });
    },
  } as unknown as Trash;
  const logger = { ...silentLogger(), warn: (...said: unknown[]) => void warnings.push(said) };
  const make = () => new SecretFiles({ settings, trash, logger });
  const files = make();
  const place = memoryPlaceOf(settings);
  onTestFinished(() => {
    if (place.dir !== place.shownAt) rmSync(place.dir, { recursive: true, force: true });
  });
  return { settings, files, make, discarded, warnings, place };
}

it('writes one file for each secret, which only its owner may read, in memory', () => {
  const { files, place, warnings } = made();
  const { dir } = files.write(ACME, VALUES, null);
  expect(lstatSync(dir).mode & 0o7777).toBe(0o500);
  expect(readdirSync(dir).sort()).toEqual(['A', 'B']);
  for (const [name, value] of VALUES) {
    expect(lstatSync(join(dir, name)).mode & 0o7777).toBe(0o400);
    expect(readFileSync(join(dir, name), 'utf8')).toBe(value);
  }
  expect(warnings).toHaveLength(place.isInMemory ? 0 : 1);
});

it.runIf(existsSync('/dev/shm'))(
  'takes /dev/shm when the runtime directory is on a disk, and says where a sandbox has it',
  () => {
    const { files, place, settings } = made();
    if (place.dir === place.shownAt) return;
    const { dir, shownAt } = files.write(ACME, VALUES, null);
    expect(dir).toMatch(/^\/dev\/shm\/tenement-\d+-[0-9a-f]{8}\/api\.acme\.secrets$/);
    expect(shownAt).toBe(join(settings.runtimeDir, `.tenement-${process.getuid?.()}`, 'api.acme.secrets'));
    files.remove(ACME);
    files.close();
    expect([existsSync(place.dir), existsSync(shownAt)]).toEqual([false, false]);
  },
);

it.runIf(process.getuid?.() === 0)("a tenant's own user owns its secrets", () => {
  const { files } = made();
  const { dir } = files.write(ACME, VALUES, { uid: 201_234, gid: 201_234 });
  for (const path of [dir, join(dir, 'A')]) expect(lstatSync(path)).toMatchObject({ uid: 201_234, gid: 201_234 });
});

it('replaces the secrets of an earlier process, and removes them with its own', () => {
  const { files, discarded } = made();
  files.write(ACME, VALUES, null);
  const { dir } = files.write(ACME, new Map([['C', 'three']]), null);
  expect(readdirSync(dir)).toEqual(['C']);
  files.remove(ACME);
  files.remove(ACME);
  expect([existsSync(dir), discarded]).toEqual([false, []]);
});

it('leaves to the trash what a tenant has put into the directory, and follows no link of it', () => {
  const { files, discarded, settings } = made();
  const { dir } = files.write(ACME, VALUES, null);
  const outside = join(settings.runtimeDir, 'outside');
  writeFileSync(outside, 'kept');
  chmodSync(dir, 0o700);
  rmSync(join(dir, 'A'));
  symlinkSync(outside, join(dir, 'A'));
  mkdirSync(join(dir, 'deep'));
  files.remove(ACME);
  expect([existsSync(dir), discarded]).toEqual([false, ['api.acme.secrets']]);
  expect(readFileSync(outside, 'utf8')).toBe('kept');
});

it('keeps apart instances whose names differ only in where the colon is', () => {
  const { files } = made();
  const one = files.write({ instance: 'a-b:c', command: null }, VALUES, null);
  const other = files.write({ instance: 'a:b-c', command: null }, new Map([['C', 'three']]), null);
  expect(readdirSync(one.dir).sort()).toEqual(['A', 'B']);
  expect(readdirSync(other.dir)).toEqual(['C']);
});

it('removes what an earlier server has left, but not the secrets of processes that run on', async () => {
  const { files, make } = made();
  const dirs = ['api:exec-1', 'api:globex', 'web:acme'].map(
    (instance) => files.write({ instance: instance as 'api:acme', command: null }, VALUES, null).dir,
  );
  const command = files.write({ instance: 'api:acme', command: 'f00d' }, VALUES, null).dir;
  await make().sweep(['api:exec-1', 'web:acme']);
  expect(dirs.map((dir) => existsSync(dir))).toEqual([true, false, true]);
  // A command that has only been prepared shows in no process yet.
  expect(existsSync(command)).toBe(true);
});

it('takes the runtime directory when another user has taken the name in /dev/shm', () => {
  const { place, settings } = made();
  if (place.dir === place.shownAt) return;
  symlinkSync('/etc', place.dir);
  const other = memoryPlaceOf(settings);
  expect([other.dir, other.isInMemory]).toEqual([place.shownAt, false]);
});
