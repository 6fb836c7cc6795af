/** A restic repository in a temporary directory. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Repository, type RepositoryOptions } from '../../src/backup/repository.ts';
import type { BackupConfig } from '../../src/core/backup/backup-config.ts';

export const hasRestic = existsSync('/usr/bin/restic');
/** Under continuous integration, a missing program is a failure. */
export const skipsRestic = !hasRestic && process.env['CI'] !== 'true';

export const NEVER = new AbortController().signal;

export interface TestRepository {
  readonly dir: string;
  readonly config: BackupConfig;
  readonly cacheDir: string;
  readonly repository: Repository;
  /** Runs restic as an operator would. */
  restic(...args: string[]): string;
  /** Another view of the same repository. */
  as(changes: Partial<BackupConfig>, options?: Partial<RepositoryOptions>): Repository;
}

export function testRepository(): TestRepository {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-backup-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const passwordFile = join(dir, 'password');
  writeFileSync(passwordFile, 'a password\n', { mode: 0o600 });
  const config: BackupConfig = {
    repository: join(dir, 'repository'),
    passwordFile,
    name: 'server-1',
    schedule: null,
    keep: null,
    inheritEnv: [],
  };
  const cacheDir = join(dir, 'cache');
  const as: TestRepository['as'] = (changes, options = {}) =>
    new Repository({
      config: { ...config, ...changes },
      cacheDir,
      env: process.env,
      lockPatience: { forMs: 60_000, againMs: 200 },
      ...options,
    });
  const env = { ...process.env, RESTIC_REPOSITORY: config.repository, RESTIC_PASSWORD_FILE: passwordFile };
  const restic = (...args: string[]) =>
    execFileSync('restic', args, { env: { ...env, RESTIC_CACHE_DIR: cacheDir }, encoding: 'utf8', stdio: 'pipe' });
  return { dir, config, cacheDir, repository: as({}), as, restic };
}
