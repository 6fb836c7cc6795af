import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DirectoryError, ensurePrivateDir, ensureTenantDir } from '../../../src/process/storage/directories.ts';
import { makeDir } from '../support.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a tenant directory and its TMPDIR are created with mode 0700', () => {
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

test('a symbolic link or a file in place of a tenant directory is refused', () => {
  const dir = makeDir();
  mkdirSync(join(dir, 'other'));
  symlinkSync(join(dir, 'other'), join(dir, 'link'));
  writeFileSync(join(dir, 'file'), '');
  expect(() => ensurePrivateDir(join(dir, 'link'))).toThrow(DirectoryError);
  expect(() => ensurePrivateDir(join(dir, 'file'))).toThrow();
  expect(() => ensureTenantDir(join(dir, 'link'), null)).toThrow(DirectoryError);
});
