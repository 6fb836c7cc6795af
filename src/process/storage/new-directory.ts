/** Makes the directory of a new tenant, without halting the event loop. */
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Skeleton } from '../../core/tenants/skeleton.ts';
import { BackgroundShell, within } from '../launch/background-shell.ts';
import { quoted } from '../launch/wrapper.ts';
import { copySkeleton } from './copy-skeleton.ts';
import { DirectoryError, type Owner } from './directories.ts';
import { trashesOf } from './purge.ts';
import type { Trash } from './trash.ts';

const PRIVATE = 0o700;
const SYNC_TIMEOUT_MS = 60_000;

export interface NewDirectoryContext {
  readonly stateDir: string;
  readonly dataDir: string;
  readonly trash: Trash;
}

/**
 * Makes an empty directory unless there is something at its path. If the server is killed before the directory has its
 * owner, the first start of an instance gives it to that user (ownership.ts).
 * @param owner the tenant's own user; null: the server's
 * @throws {Error} of the system call that failed
 */
export async function makeNewDirectory(path: string, owner: Owner | null): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (!(await isMade(path))) return;
  await own(path, owner);
}

/**
 * Makes a directory with copies of the skeleton's files, unless there is something at its path. It is made aside and
 * renamed when it is complete and on disk; an interrupted copy is thrown away and begun anew.
 * @throws {Error} with a sentence for a person
 */
export async function makeFromSkeleton(
  path: string,
  owner: Owner | null,
  skeleton: Skeleton,
  { dataDir, stateDir, trash }: NewDirectoryContext,
): Promise<void> {
  if (await exists(path)) return;
  // Not in the state directory, which may be another file system.
  const staging = join(dataDir, '.tenement-new');
  await mkdir(staging, { recursive: true, mode: PRIVATE });
  const made = join(staging, basename(path));
  if (await exists(made)) trash.discard(made, trashesOf({ stateDir, dataDir })[1]);
  await mkdir(made, { mode: PRIVATE });
  await copySkeleton(skeleton, made, owner);
  await own(made, owner);
  await syncToDisk(made);
  await rename(made, path);
}

/** No process of the tenant runs yet, so the path is safe. */
async function own(path: string, owner: Owner | null): Promise<void> {
  // The umask may have taken more than others' rights.
  await chmod(path, PRIVATE);
  if (owner !== null) await giveTo(path, owner);
}

/** Writes the files to disk, so that a crash of the machine leaves no half ones under the directory's name. */
export async function syncToDisk(path: string): Promise<void> {
  const shell = new BackgroundShell({ niceness: 0 });
  try {
    const answer = await within(SYNC_TIMEOUT_MS, shell.run(`sync -f ${quoted(path)}`));
    if (answer === 'late' || answer === null || answer.status !== 0)
      throw new DirectoryError(`${path} cannot be written to disk`);
  } finally {
    shell.kill();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: PRIVATE });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function giveTo(path: string, owner: Owner): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chown(owner.uid, owner.gid);
  } finally {
    await handle.close();
  }
}
