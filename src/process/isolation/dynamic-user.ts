/**
 * User ids of tenants with `user = "dynamic"`. A tenant's directory belongs to its user, and that is where it is
 * remembered: nothing else has to agree with it, and it moves with a backup of the data.
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
import type { Owner } from '../storage/directories.ts';
import { lookAtName } from '../storage/files.ts';
import { trashesOf } from '../storage/purge.ts';

type Range = readonly [first: number, last: number];

/** May be passed through by others. */
const OTHERS_MAY_PASS = 0o001;

export class DynamicUsers {
  private readonly dataDir: string;
  private readonly stateDir: string;
  /** Uid → tenants whose directories were seen to belong to it. Looked for once; those that come later are met at their start. */
  private seen: Map<number, Set<string>> | null = null;
  /** Tenant → the user that it is given, until its directory says so. */
  private readonly given = new Map<string, number>();

  constructor({ dataDir, stateDir }: Pick<Settings, 'dataDir' | 'stateDir'>) {
    this.dataDir = dataDir;
    this.stateDir = stateDir;
  }

  /**
   * The tenant's user, or the first that no other has. Its group has the same number.
   * @throws {Error} when none is left, or when the tenant has that of another
   */
  ownerFor(tenantId: string, range: Range): Owner {
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

  /** Its directory is gone: another of its name is another tenant. */
  forget(tenantId: string): void {
    this.given.delete(tenantId);
    for (const tenants of this.seen?.values() ?? []) tenants.delete(tenantId);
  }

  /** Who had it before it was root's (`user = "root"`) is told by its group; a copy that was given to root has none. */
  private ownUid(tenantId: string, range: Range): number | null {
    const dir = lstatSync(join(this.dataDir, tenantId), { throwIfNoEntry: false });
    if (dir === undefined) return null;
    if (isIn(dir.uid, range)) return dir.uid;
    const tenants = Array.from(this.seen?.get(dir.gid) ?? []);
    const isOthers = tenants.some((other) => other !== tenantId && ownerOf(join(this.dataDir, other)) === dir.gid);
    return isIn(dir.gid, range) && !isOthers ? dir.gid : null;
  }

  /**
   * Upwards from the one that was given last, and from the first again after the last: files of a purged tenant's may lie
   * in places that tenants share, and IPC objects. Skipped are those of directories that are still being deleted, and of
   * processes. It is remembered before it is given.
   */
  private nextFree([first, last]: Range): number {
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

  /** A copy of a directory belongs to whom the original does: the older of the two keeps its user. */
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
  for (const name of listDir(dataDir)) {
    const uid = ownerOf(join(dataDir, name));
    if (uid !== null) tenantsOf.set(uid, (tenantsOf.get(uid) ?? new Set()).add(name));
  }
  return tenantsOf;
}

function bornAtMs(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.birthtimeMs ?? Number.POSITIVE_INFINITY;
}

/** Its user and its group, which may be that of a user to whom it goes back. */
function idsOf(path: string): number[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat === undefined ? [] : [stat.uid, stat.gid];
}

/** All that processes run as. A look at all of them takes some milliseconds; only a new tenant's first start waits for it. */
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
