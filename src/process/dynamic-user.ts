/**
 * User ids of tenants with `user = "dynamic"`. A tenant's directory belongs to its user, and that is where it is
 * remembered: nothing else has to agree with it, and it moves with a backup of the data.
 */
import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Owner } from './directories.ts';

/** May be passed through by others. */
const OTHERS_MAY_PASS = 0o001;

export class DynamicUsers {
  private readonly dataDir: string;
  /** Uid → tenants whose directories were seen to belong to it. Looked for once; those that come later are met at their start. */
  private seen: Map<number, Set<string>> | null = null;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  /**
   * The tenant's user, or the first that no other has. Its group has the same number.
   * @throws {Error} when none is left, or when the tenant has that of another
   */
  ownerFor(tenantId: string, range: readonly [number, number]): Owner {
    this.seen ??= lookAround(this.dataDir);
    const own = ownerOf(join(this.dataDir, tenantId));
    const uid = own !== null && isIn(own, range) ? own : firstFree(this.dataDir, range);
    const tenants = this.seen.get(uid) ?? new Set();
    this.seen.set(uid, tenants.add(tenantId));
    this.assertAlone(tenantId, uid, tenants);
    letPass(this.dataDir);
    assertPassable(this.dataDir, uid);
    return { uid, gid: uid };
  }

  /** A copy of a directory belongs to whom the original does: the older of the two keeps its user. */
  private assertAlone(tenantId: string, uid: number, tenants: ReadonlySet<string>): void {
    const dir = join(this.dataDir, tenantId);
    const born = bornAtMs(dir);
    for (const other of tenants) {
      const otherDir = join(this.dataDir, other);
      if (other === tenantId || ownerOf(otherDir) !== uid || bornAtMs(otherDir) > born) continue;
      throw new Error(
        `${dir} belongs to user ${uid}, as ${other} does (is it a copy?): \`chown -R root ${dir}\` gives it one of its own`,
      );
    }
  }
}

function lookAround(dataDir: string): Map<number, Set<string>> {
  const tenantsOf = new Map<number, Set<string>>();
  for (const name of listDir(dataDir)) {
    const uid = ownerOf(join(dataDir, name));
    if (uid !== null) tenantsOf.set(uid, (tenantsOf.get(uid) ?? new Set()).add(name));
  }
  return tenantsOf;
}

function bornAtMs(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.birthtimeMs ?? Number.POSITIVE_INFINITY;
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
