/**
 * Copies an operator's skeleton into a directory that no tenant can reach yet, one file after the other, so that a large
 * one does not halt the event loop. A link that leads out of the skeleton, a device, a socket or a FIFO ends the copy.
 */
import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lchown,
  lstat,
  mkdir,
  opendir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Skeleton } from '../../core/tenants/skeleton.ts';
import { DirectoryError, type Owner } from './directories.ts';

/** Larger files are not text that a person wrote. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
/** A NUL among the first bytes marks a file as binary, as in git. Its contents are not changed. */
const LOOKED_AT_BYTES = 8000;
/** Without setuid, setgid and sticky bits. */
const PERMISSIONS = 0o777;

/** Copies the contents of the skeleton into the existing directory `to`. @throws {Error} with a sentence for a person */
export async function copySkeleton(skeleton: Skeleton, to: string, owner: Owner | null): Promise<void> {
  await copyDir(skeleton, '', to, owner);
}

/** @param path the directory below the skeleton's own */
async function copyDir(skeleton: Skeleton, path: string, to: string, owner: Owner | null): Promise<void> {
  for await (const { name } of await opendir(join(skeleton.dir, path))) {
    await copyEntry(skeleton, join(path, name), join(to, skeleton.name(name)), owner);
  }
}

async function copyEntry(skeleton: Skeleton, path: string, to: string, owner: Owner | null): Promise<void> {
  const from = join(skeleton.dir, path);
  const stat = await lstat(from);
  if (stat.isDirectory()) {
    await mkdir(to, { mode: 0o700 });
    await copyDir(skeleton, path, to, owner);
  } else if (stat.isSymbolicLink()) await copyLink(skeleton, path, to);
  else if (stat.isFile()) await copyOne(skeleton, path, to, stat.size);
  else throw new DirectoryError(`the template holds a device, a socket or a FIFO: ${from}`);
  if (!stat.isSymbolicLink()) await chmod(to, stat.mode & PERMISSIONS);
  if (owner !== null) await lchown(to, owner.uid, owner.gid);
}

async function copyOne(skeleton: Skeleton, path: string, to: string, size: number): Promise<void> {
  const from = join(skeleton.dir, path);
  if (!skeleton.changes(path)) return copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  if (size > MAX_TEXT_BYTES) throw new DirectoryError(`${from} is too large to have words replaced`);
  const bytes = await readFile(from);
  const isBinary = bytes.subarray(0, LOOKED_AT_BYTES).includes(0);
  await writeFile(to, isBinary ? bytes : skeleton.contents(path, bytes.toString()), { flag: 'wx', mode: 0o600 });
}

async function copyLink(skeleton: Skeleton, path: string, to: string): Promise<void> {
  const from = join(skeleton.dir, path);
  const target = await readlink(from);
  const inside = relative(skeleton.dir, resolve(dirname(from), target));
  if (isAbsolute(target) || inside === '..' || inside.startsWith('../'))
    throw new DirectoryError(`a link leads out of the template: ${from}`);
  const parts = target.split('/').map((part) => (/^\.{0,2}$/.test(part) ? part : skeleton.name(part)));
  await symlink(parts.join('/'), to);
}
