import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { restoredDirectories } from '../../../src/process/storage/restored-directories.ts';

function tenant(...present: ('acme' | 'acme.restored' | 'acme.before-restore')[]) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of present) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'what'), name);
  }
  const { verbs } = restoredDirectories(
    (tenantId) => join(dir, tenantId),
    (path) => rmSync(path, { recursive: true, force: true }),
  );
  const what = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name, 'what'), 'utf8') : null);
  return { dir, verbs, what };
}

test('the restored directory takes the place of the former one, which is kept until it is discarded', () => {
  const { dir, verbs, what } = tenant('acme', 'acme.restored');
  expect(verbs.keptBefore('acme')).toBeNull();
  expect(verbs.swapIn('acme')).toBe(join(dir, 'acme.before-restore'));
  expect(what('acme')).toBe('acme.restored');
  expect(what('acme.before-restore')).toBe('acme');
  expect(verbs.settleRestore('acme')).toBe('finished');
  expect(verbs.keptBefore('acme')).toBe(join(dir, 'acme.before-restore'));
  verbs.discardKept('acme');
  expect(verbs.keptBefore('acme')).toBeNull();
});

test('a restore that ended before its directory was made changes nothing', () => {
  const { verbs, what } = tenant('acme');
  expect(verbs.settleRestore('acme')).toBe('undone');
  expect(what('acme')).toBe('acme');
});

test('a restore that ended before the swap is undone, since processes may run in the former directory', () => {
  const { verbs, what } = tenant('acme', 'acme.restored');
  expect(verbs.settleRestore('acme')).toBe('undone');
  expect(what('acme')).toBe('acme');
  expect(what('acme.restored')).toBeNull();
});

test('a restore that ended in the midst of the swap is finished', () => {
  const { dir, verbs, what } = tenant('acme', 'acme.restored');
  renameSync(join(dir, 'acme'), join(dir, 'acme.before-restore'));
  expect(verbs.settleRestore('acme')).toBe('finished');
  expect(what('acme')).toBe('acme.restored');
  expect(what('acme.before-restore')).toBe('acme');
});

test('a tenant that had no directory gets the restored one', () => {
  const { verbs, what } = tenant('acme.restored');
  verbs.swapIn('acme');
  expect(what('acme')).toBe('acme.restored');
});
