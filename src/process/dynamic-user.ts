/**
 * User ids of tenants with `user = "dynamic"`. A tenant's directory belongs to its user, and that is where it is
 * remembered: nothing else has to agree with it, and it moves with a backup of the data.
 */
import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Owner } from './directories.ts';

/** May be passed through by others. */
const OTHERS_MAY_PASS = 0o001;

/** That of the tenant, or the first that no other has. Its group has the same number. @throws {Error} when none is left */
export function dynamicOwner(dataDir: string, tenantId: string, range: readonly [number, number]): Owner {
  const own = ownerOf(join(dataDir, tenantId));
  const uid = own !== null && isIn(own, range) ? own : firstFree(dataDir, range);
  letPass(dataDir);
  assertPassable(dataDir, uid);
  return { uid, gid: uid };
}

function firstFree(dataDir: string, [first, last]: readonly [number, number]): number {
  const taken = new Set(listDir(dataDir).map((name) => ownerOf(join(dataDir, name))));
  for (let uid = first; uid <= last; uid += 1) if (!taken.has(uid)) return uid;
  throw new Error(`all user ids of dynamic_uids (${first}-${last}) are taken`);
}

/** The data directory was made for the server alone. What lies in it is private of itself, and cannot be listed. */
function letPass(dataDir: string): void {
  const { mode, uid } = statSync(dataDir);
  if ((mode & OTHERS_MAY_PASS) === 0 && uid === process.getuid?.())
    chmodSync(dataDir, (mode & 0o777) | OTHERS_MAY_PASS);
}

/** The server's own directories may lie where no other user may go. */
function assertPassable(path: string, uid: number): void {
  const closed = closedToOthers(path);
  if (closed === null) return;
  throw new Error(`user ${uid} may not enter ${closed}: with user = "dynamic" data_dir must lie where others may pass`);
}

/** The directory on the way to `path`, or `path` itself, that another user may not pass through; null: there is none. */
export function closedToOthers(path: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() && (stat.mode & OTHERS_MAY_PASS) === 0) return path;
  return dirname(path) === path ? null : closedToOthers(dirname(path));
}

function ownerOf(path: string): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.uid ?? null;
}

function isIn(uid: number, [first, last]: readonly [number, number]): boolean {
  return uid >= first && uid <= last;
}

function listDir(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
