import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  DirectoryError,
  deleteDir,
  ensurePrivateDir,
  ensureTenantDir,
  freshBindDir,
  removeBindDir,
} from '../../src/process/directories.ts';
import { makeDir } from './support.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a tenant directory and its TMPDIR are made with mode 0700', () => {
  const tenantDir = join(makeDir(), 'data/acme');
  const { tmpDir } = ensureTenantDir(tenantDir, null);
  expect(tmpDir).toBe(join(tenantDir, '.tmp'));
  expect([modeOf(tenantDir), modeOf(tmpDir)]).toEqual([0o700, 0o700]);
});

test('a tenant directory that others could read is closed to them', () => {
  const tenantDir = join(makeDir(), 'acme');
  mkdirSync(tenantDir, { mode: 0o755 });
  ensureTenantDir(tenantDir, null);
  expect(modeOf(tenantDir)).toBe(0o700);
});

test('a symbolic link or a file in place of a directory is refused', () => {
  const dir = makeDir();
  mkdirSync(join(dir, 'other'));
  symlinkSync(join(dir, 'other'), join(dir, 'link'));
  writeFileSync(join(dir, 'file'), '');
  expect(() => ensurePrivateDir(join(dir, 'link'))).toThrow(DirectoryError);
  expect(() => ensurePrivateDir(join(dir, 'file'))).toThrow();
  expect(() => ensureTenantDir(join(dir, 'link'), null)).toThrow(DirectoryError);
});

test('the bind directory is emptied before each start', () => {
  const socket = join(makeDir(), '.tenement-0/api-acme/s');
  freshBindDir(socket, null);
  writeFileSync(socket, 'left behind');
  freshBindDir(socket, null);
  expect(existsSync(socket)).toBe(false);
  expect(modeOf(join(socket, '..'))).toBe(0o700);
});

test('the directory of the public socket can be entered by those who connect to it', () => {
  const dir = makeDir();
  freshBindDir(join(dir, 'sockets/.tenement-0/api-acme/s'), null);
  expect(modeOf(join(dir, 'sockets'))).toBe(0o777 & ~process.umask());
  // A tenant with a user of its own passes through it, and cannot list it.
  expect(modeOf(join(dir, 'sockets/.tenement-0'))).toBe(0o711);
});

test('removing a bind directory never goes through a link that stands in for its parent', () => {
  const dir = makeDir();
  mkdirSync(join(dir, 'precious/api-acme'), { recursive: true });
  writeFileSync(join(dir, 'precious/api-acme/file'), 'keep');
  symlinkSync(join(dir, 'precious'), join(dir, '.tenement-0'));
  removeBindDir(join(dir, '.tenement-0/api-acme/s'));
  expect(existsSync(join(dir, 'precious/api-acme/file'))).toBe(true);
});

test('deleting a directory removes links in it, not what they point to', async () => {
  const dir = makeDir();
  mkdirSync(join(dir, 'other'));
  writeFileSync(join(dir, 'other/file'), 'keep');
  mkdirSync(join(dir, 'acme'));
  symlinkSync(join(dir, 'other'), join(dir, 'acme/link'));
  await deleteDir(join(dir, 'acme'));
  expect(existsSync(join(dir, 'acme'))).toBe(false);
  expect(existsSync(join(dir, 'other/file'))).toBe(true);
});

test('of a link in place of the directory only the link is deleted; a missing one is no error', async () => {
  const dir = makeDir();
  mkdirSync(join(dir, 'other'));
  writeFileSync(join(dir, 'other/file'), 'keep');
  symlinkSync(join(dir, 'other'), join(dir, 'acme'));
  await deleteDir(join(dir, 'acme'));
  await deleteDir(join(dir, 'acme'));
  expect(existsSync(join(dir, 'acme'))).toBe(false);
  expect(existsSync(join(dir, 'other/file'))).toBe(true);
});
