/**
 * The directory for what only running processes need: in memory where this machine has a file system for it, so that
 * nothing of it reaches a disk. The runtime directory is one on most systems; otherwise /dev/shm (shm_overview(7)).
 */
import { createHash } from 'node:crypto';
import { realpathSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../core/service/service.ts';
import { privateDir } from '../../core/service/socket-path.ts';
import { ensureSocketDirs, ensureSocketParent, isOurDir } from '../storage/directories.ts';
import { lookAtName } from '../storage/files.ts';

/** `f_type` of tmpfs and ramfs (statfs(2)). */
const IN_MEMORY = [0x01021994, 0x858458f6];
const SHARED_MEMORY = '/dev/shm';

export interface MemoryPlace {
  /** A directory of the server's own, which others may pass through. Contains no symbolic link. */
  readonly dir: string;
  /** Path of the same directory for a tenant that has a /dev of its own. */
  readonly shownAt: string;
  readonly isInMemory: boolean;
}

/** Returns where the directory is, without making it. */
export function memoryPlaceOf({ runtimeDir, stateDir }: Pick<Settings, 'runtimeDir' | 'stateDir'>): MemoryPlace {
  const uid = process.getuid?.() ?? 0;
  const own = privateDir(real(runtimeDir), uid);
  const server = createHash('sha256').update(stateDir).digest('hex').slice(0, 8);
  const shared = join(SHARED_MEMORY, `tenement-${uid}-${server}`);
  if (isInMemory(runtimeDir)) return { dir: own, shownAt: own, isInMemory: true };
  // Any user may make a directory of this name there first.
  const isUsable = isInMemory(SHARED_MEMORY) && (lookAtName(shared) === undefined || isOurDir(shared));
  return { dir: isUsable ? shared : own, shownAt: own, isInMemory: isUsable };
}

/** Makes the directory. @throws {DirectoryError} when another user has one of its name */
export function ensureMemoryPlace({ dir, shownAt }: MemoryPlace, { runtimeDir }: Pick<Settings, 'runtimeDir'>): void {
  if (dir === shownAt) ensureSocketDirs(runtimeDir);
  else ensureSocketParent(dir);
}

function isInMemory(dir: string): boolean {
  try {
    return IN_MEMORY.includes(statfsSync(dir).type);
  } catch {
    return false;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
