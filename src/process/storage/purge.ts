/** Deletes the directory of a tenant: moves it away in one step, then leaves it to the trash. */
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Settings } from '../../core/service/service.ts';
import { TenementError } from '../../errors.ts';
import type { Trash } from './trash.ts';

/** Places for deleted directories, the preferred one first: the state directory may be a file system of its own. */
export function trashesOf({ stateDir, dataDir }: Pick<Settings, 'stateDir' | 'dataDir'>): [string, string] {
  return [join(stateDir, 'trash'), join(dataDir, '.tenement-trash')];
}

/**
 * Deletes a directory. Of a symbolic link only the link is deleted. On return nothing of the tenant has this name any
 * more.
 * @throws {TenementError} `purge_failed`: everything is still where it was
 */
export function purgeDir(path: string, settings: Pick<Settings, 'stateDir' | 'dataDir'>, trash: Trash): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  assertNoMounts(path);
  const [first, second] = trashesOf(settings);
  try {
    try {
      trash.discard(path, first);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      trash.discard(path, second);
    }
  } catch (error) {
    throw notDeleted(path, error instanceof Error ? error.message : String(error));
  }
}

/** A mounted file system is the operator's, and may hold what others share. */
function assertNoMounts(path: string): void {
  const real = realPathOf(path);
  const mount = mountPoints().find((point) => point === real) ?? mountIn(path);
  if (mount !== undefined) throw notDeleted(path, `a file system is mounted at ${mount}`);
}

/** Returns the first mount point below a directory; undefined: none. */
export function mountIn(path: string): string | undefined {
  const real = realPathOf(path);
  return mountPoints().find((point) => point.startsWith(`${real}/`));
}

/** Resolves the parent directory, which is the operator's, and keeps the last name unresolved. */
function realPathOf(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

function notDeleted(path: string, why: string): TenementError {
  return new TenementError('purge_failed', `the data are still in ${path}: ${why}`);
}

/** Lists mount points of this process's mount namespace (proc_pid_mountinfo(5)); none without /proc. */
function mountPoints(): string[] {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
    return lines.map((line) => unescaped(line.split(' ', 5)[4] ?? ''));
  } catch {
    return [];
  }
}

/** mountinfo writes blanks and backslashes as three octal digits. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
