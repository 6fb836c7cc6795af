/** Deletes the directory of a tenant: out of the way in one step, then by the trash. */
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Settings } from '../../core/service/service.ts';
import { TenementError } from '../../errors.ts';
import type { Trash } from './trash.ts';

/** Where it may go, the better place first: a state directory may be a file system of its own. */
export function trashesOf({ stateDir, dataDir }: Pick<Settings, 'stateDir' | 'dataDir'>): [string, string] {
  return [join(stateDir, 'trash'), join(dataDir, '.tenement-trash')];
}

/**
 * Of a symbolic link only the link goes. When this returns nothing of the tenant has its name any more.
 * @throws {TenementError} `purge_failed`: all of it is still where it was
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

/** What is mounted there is the operator's: it may hold what others share. */
function assertNoMounts(path: string): void {
  const real = realPathOf(path);
  const mount = mountPoints().find((point) => point === real) ?? mountIn(path);
  if (mount !== undefined) throw notDeleted(path, `a file system is mounted at ${mount}`);
}

/** The first file system that is mounted somewhere below a directory; undefined: none is. */
export function mountIn(path: string): string | undefined {
  const real = realPathOf(path);
  return mountPoints().find((point) => point.startsWith(`${real}/`));
}

/** Of a name in a directory of the operator's; what it leads to does not matter. */
function realPathOf(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

function notDeleted(path: string, why: string): TenementError {
  return new TenementError('purge_failed', `the data are still in ${path}: ${why}`);
}

/** Of this process's mount namespace (proc_pid_mountinfo(5)); none where there is no /proc. */
function mountPoints(): string[] {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
    return lines.map((line) => unescaped(line.split(' ', 5)[4] ?? ''));
  } catch {
    return [];
  }
}

/** Blanks and backslashes are told as three octal digits. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
