/**
 * User ids of tenants with `user = "dynamic"`. The owner of a tenant's directory is the record of its user id: no other
 * record has to agree with it, and it moves with a backup of the data.
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../../core/service/service.ts';
import { isLabel } from '../../core/tenants/tenant.ts';
import type { Owner } from '../storage/directories.ts';
import { lookAtName } from '../storage/files.ts';
import { trashesOf } from '../storage/purge.ts';

type UidRange = readonly [first: number, last: number];

/** The mode bit by which others may pass through a directory. */
const OTHERS_MAY_PASS = 0o001;

export class DynamicUsers {
  private readonly dataDir: string;
  private readonly stateDir: string;
  /** Uid → tenants whose directories belong to it. Read once; later tenants are added when they start. */
  private seen: Map<number, Set<string>> | null = null;
  /** Tenant → the uid that it was given, until its directory belongs to that uid. */
  private readonly given = new Map<string, number>();

  constructor({ dataDir, stateDir }: Pick<Settings, 'dataDir' | 'stateDir'>) {
    this.dataDir = dataDir;
    this.stateDir = stateDir;
  }

  /**
   * Returns the tenant's user, or the next free one. Its group has the same number.
   * @throws {Error} when no uid is left, or when the tenant's directory belongs to another tenant's user
   */
  ownerFor(tenantId: string, range: UidRange): Owner {
    this.seen ??= lookAround(this.dataDir);
    const uid = this.ownUid(tenantId, range) ?? this.given.get(tenantId) ?? this.nextFree(range);
    const tenants = this.seen.get(uid) ?? new Set();
    this.seen.set(uid, tenants.add(tenantId));
    this.assertAlone(tenantId, uid, tenants);
    this.given.set(tenantId, uid);
    letPass(this.dataDir);
    assertPassable(this.dataDir, uid);
    return { uid, gid: uid };
  }

  /** Forgets a deleted tenant: a later tenant with this name is another tenant. */
  forget(tenantId: string): void {
    this.given.delete(tenantId);
    for (const tenants of this.seen?.values() ?? []) tenants.delete(tenantId);
  }

  /**
   * The group of a directory that is root's (`user = "root"`) still tells its former user; a copy that was given to
   * root has no such group.
   */
  private ownUid(tenantId: string, range: UidRange): number | null {
    const dir = lstatSync(join(this.dataDir, tenantId), { throwIfNoEntry: false });
    if (dir === undefined) return null;
    if (isIn(dir.uid, range)) return dir.uid;
    const tenants = Array.from(this.seen?.get(dir.gid) ?? []);
    const isOthers = tenants.some((other) => other !== tenantId && ownerOf(join(this.dataDir, other)) === dir.gid);
    return isIn(dir.gid, range) && !isOthers ? dir.gid : null;
  }

  /**
   * Counts upwards from the last uid that was given, and wraps around. A reused uid could reach files of a purged
   * tenant in shared places, and IPC objects. Uids of processes, and of directories that are still being deleted, are
   * skipped. The uid is stored before it is given.
   */
  private nextFree([first, last]: UidRange): number {
    const taken = this.taken();
    const from = this.lastGiven() ?? Math.max(first - 1, ...[...taken].filter((uid) => isIn(uid, [first, last])));
    const size = last - first + 1;
    const start = isIn(from, [first, last]) ? from + 1 - first : 0;
    for (let step = 0; step < size; step += 1) {
      const uid = first + ((start + step) % size);
      if (taken.has(uid)) continue;
      this.remember(uid);
      return uid;
    }
    throw new Error(`all user ids of dynamic_uids (${first}-${last}) are taken`);
  }

  private taken(): ReadonlySet<number> {
    const { dataDir, stateDir } = this;
    const dirs = [dataDir, ...trashesOf({ dataDir, stateDir })];
    const entries = dirs.flatMap((dir) => listDir(dir).map((name) => join(dir, name)));
    const ids = entries.flatMap((path) => idsOf(path));
    return new Set([...ids, ...this.given.values(), ...processUids()]);
  }

  private get lastGivenFile(): string {
    return join(this.stateDir, 'last-uid');
  }

  private lastGiven(): number | null {
    try {
      const uid = Number(readFileSync(this.lastGivenFile, 'utf8'));
      return Number.isInteger(uid) ? uid : null;
    } catch {
      return null;
    }
  }

  private remember(uid: number): void {
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(`${this.lastGivenFile}.new`, `${uid}\n`, { mode: 0o600 });
    renameSync(`${this.lastGivenFile}.new`, this.lastGivenFile);
  }

  /** A copied directory belongs to the same user as the original; the older of the two keeps the user. */
  private assertAlone(tenantId: string, uid: number, tenants: ReadonlySet<string>): void {
    const dir = join(this.dataDir, tenantId);
    const born = bornAtMs(dir);
    for (const other of tenants) {
      const otherDir = join(this.dataDir, other);
      if (other === tenantId || ownerOf(otherDir) !== uid || bornAtMs(otherDir) > born) continue;
      throw new Error(
        `${dir} belongs to user ${uid}, as ${other} does (is it a copy?): \`chown -R root: ${dir}\` gives it one of its own`,
      );
    }
  }
}

function lookAround(dataDir: string): Map<number, Set<string>> {
  const tenantsOf = new Map<number, Set<string>>();
  // What a restore has kept of a tenant still belongs to it.
  for (const name of listDir(dataDir).filter(isLabel)) {
    const uid = ownerOf(join(dataDir, name));
    if (uid !== null) tenantsOf.set(uid, (tenantsOf.get(uid) ?? new Set()).add(name));
  }
  return tenantsOf;
}

function bornAtMs(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.birthtimeMs ?? Number.POSITIVE_INFINITY;
}

/** User and group of a path. The group may be that of a user to whom the directory goes back. */
function idsOf(path: string): number[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat === undefined ? [] : [stat.uid, stat.gid];
}

/** Uids of all processes. The look takes some milliseconds; only the first start of a new tenant waits for it. */
function processUids(): number[] {
  return listDir('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => /^Uid:\t(.*)$/m.exec(statusOf(pid))?.[1]?.split('\t').map(Number) ?? []);
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

/** Lets others pass through the data directory. Its entries are private themselves and cannot be listed. */
function letPass(dataDir: string): void {
  const { mode, uid } = statSync(dataDir);
  if ((mode & OTHERS_MAY_PASS) === 0 && uid === process.getuid?.())
    chmodSync(dataDir, (mode & 0o777) | OTHERS_MAY_PASS);
}

/** The server's directories may be below one that no other user may enter. @throws {Error} */
function assertPassable(path: string, uid: number): void {
  const closed = closedToOthers(path);
  if (closed === null) return;
  throw new Error(
    `user ${uid} may not enter ${closed}: with user = "dynamic" data_dir must lie where other users may pass`,
  );
}

/** Returns `path`, or the nearest directory above it, that other users may not pass through; null: none. */
export function closedToOthers(path: string): string | null {
  const stat = lookAtName(path);
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
