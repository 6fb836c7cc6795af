/** Makes the directory of a new tenant, without halting the event loop. */
import { constants } from 'node:fs';
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Owner } from './directories.ts';

const PRIVATE = 0o700;

/**
 * Makes a directory unless there is something at its path. If the server is killed before the directory has its owner,
 * the first start of an instance gives it to that user (ownership.ts).
 * @param owner the tenant's own user; null: the server's
 * @throws {Error} of the system call that failed
 */
export async function makeNewDirectory(path: string, owner: Owner | null): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (!(await isMade(path))) return;
  // The umask may have taken more than others' rights. No process of the tenant runs yet, so the path is safe.
  await chmod(path, PRIVATE);
  if (owner !== null) await giveTo(path, owner);
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
