/**
 * Makes sure that one server at most uses a directory of sockets. Two servers in one directory would take over each
 * other's sockets, since a public socket is renamed into place. A claim consists of a record that names the owner, and
 * of a lock that is held for life. The record outlives a killed server, whose tenants go on listening there. |
 * `runtime_dir` is claimed as a whole. Another directory, such as /tmp, may have servers with different services side
 * by side; there the names of each service's sockets are claimed.
 */
import { readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { privateDir, type SocketShare } from '../../core/service/socket-path.ts';
import { TenementError } from '../../errors.ts';
import { type ExclusiveLock, takeLock } from './exclusive-lock.ts';
import { type AbandonedClaim, leftBy, type SocketOwner, SocketsTaken, takenBy } from './sockets-taken.ts';

/** Far more than another server needs to look at all processes of a machine. */
const UNDECIDED_MAX_MS = 10_000;
const UNDECIDED_POLL_MS = 10;

export interface ClaimOptions {
  readonly config: string;
  readonly dataDir: string;
  readonly stateDir: string;
  /** User id of the server. */
  readonly uid: number;
  /** Makes `{dir}/.tenement-{uid}`. @throws {Error} when that fails */
  prepare(dir: string): void;
  /** Returns the pids of tenants of that data directory that were told to bind below `dir`. */
  tenantsIn(dir: string, dataDir: string): Promise<number[]>;
}

export class SocketClaims {
  private readonly options: ClaimOptions;
  private readonly owner: SocketOwner;
  /** Path of the record → lock. */
  private readonly claims = new Map<string, ExclusiveLock>();

  constructor(options: ClaimOptions) {
    this.options = options;
    const { config, dataDir, stateDir } = options;
    this.owner = { pid: process.pid, config, dataDir, stateDir: realpathSync(stateDir) };
  }

  /**
   * Claims the shares that are not claimed yet; all or none.
   * @throws {TenementError} `sockets_taken`, which names the other server; `state_failed` when a directory cannot be
   * used
   */
  async take(shares: readonly SocketShare[]): Promise<void> {
    const { locked, ended } = await this.lockWhenDecided(shares);
    try {
      for (const claim of ended) await assertNobodyLeft(claim, this.options);
      this.record(locked);
    } catch (error) {
      this.drop(locked);
      throw failure(error);
    }
  }

  /**
   * Claims further shares in one step. After a server that was killed it refuses them, since its tenants may still run.
   * @throws {TenementError} `sockets_taken`, `state_failed`
   */
  takeMore(shares: readonly SocketShare[]): void {
    const { locked, ended } = this.lock(shares);
    const [left] = ended;
    if (left === undefined) return this.record(locked);
    this.drop(locked);
    throw leftBy(left, []);
  }

  /** @throws {TenementError} `sockets_taken` by a running server, `state_failed` */
  private lock(shares: readonly SocketShare[]): { locked: string[]; ended: AbandonedClaim[] } {
    const locked: string[] = [];
    const ended: AbandonedClaim[] = [];
    try {
      for (const share of shares) {
        const record = recordOf(share, this.options.uid);
        if (this.claims.has(record)) continue;
        this.options.prepare(share.dir);
        const lock = takeLock(lockOf(record));
        if (lock === null) throw this.takenNow(share.dir, readOwner(record));
        this.claims.set(record, lock);
        locked.push(record);
        // A server takes its own lock before it looks at others', so that of two that start at once each sees the
        // other.
        const isOther = ({ stateDir }: SocketOwner) => stateDir !== this.owner.stateDir;
        ended.push(...foreign(share, this.options.uid, isOther, (other) => other !== record && isHeld(other)));
      }
      return { locked, ended };
    } catch (error) {
      this.drop(locked);
      throw failure(error);
    }
  }

  /** @throws {TenementError} like `lock` */
  private async lockWhenDecided(shares: readonly SocketShare[]) {
    const deadlineMs = performance.now() + UNDECIDED_MAX_MS;
    for (;;) {
      try {
        return this.lock(shares);
      } catch (error) {
        const isUndecided = error instanceof SocketsTaken && error.isUndecided;
        if (!isUndecided || performance.now() > deadlineMs) throw error;
        await delay(UNDECIDED_POLL_MS);
      }
    }
  }

  /**
   * No other server of this state directory runs. So if the record names this one, or nobody, the holder of the lock is
   * only looking, or is about to record itself.
   */
  private takenNow(dir: string, owner: SocketOwner | null): SocketsTaken {
    return takenBy(dir, owner, { isUndecided: owner === null || owner.stateDir === this.owner.stateDir });
  }

  private record(locked: readonly string[]): void {
    for (const record of locked) writeFileSync(record, JSON.stringify(this.owner), { mode: 0o600 });
  }

  /** Releases all claims. @param keepTenants tenants go on listening, so the directories stay this state directory's */
  release({ keepTenants = false } = {}): void {
    for (const [record, lock] of this.claims) {
      if (!keepTenants) rmSync(record, { force: true });
      lock.release();
    }
    this.claims.clear();
  }

  private drop(records: readonly string[]): void {
    for (const record of records) {
      this.claims.get(record)?.release();
      this.claims.delete(record);
    }
  }
}

/**
 * Checks whether a server with this config could claim the shares now; claims nothing.
 * @throws {TenementError} `sockets_taken`
 */
export async function assertClaimable(
  shares: readonly SocketShare[],
  { config, stateDir, uid, tenantsIn }: Omit<ClaimOptions, 'prepare' | 'dataDir'>,
): Promise<void> {
  // A running server of this config may use another data directory.
  const isOther = (owner: SocketOwner) => owner.stateDir !== realPath(stateDir) && owner.config !== config;
  const ended = shares.flatMap((share) => foreign(share, uid, isOther, isHeld));
  for (const claim of ended) await assertNobodyLeft(claim, { uid, tenantsIn });
}

/**
 * Returns claims of other servers that have ended. @throws {TenementError} `sockets_taken` when the server of a claim
 * runs
 */
function foreign(
  share: SocketShare,
  uid: number,
  isOther: (owner: SocketOwner) => boolean,
  isHeld: (record: string) => boolean,
): AbandonedClaim[] {
  const ended: AbandonedClaim[] = [];
  for (const record of recordsAgainst(share, uid)) {
    const owner = readOwner(record);
    if (owner === null || !isOther(owner)) continue;
    if (isHeld(record)) throw takenBy(share.dir, owner);
    ended.push({ dir: share.dir, owner });
  }
  return ended;
}

/** @throws {TenementError} `sockets_taken` when tenants of the ended server still run */
async function assertNobodyLeft(claim: AbandonedClaim, { uid, tenantsIn }: Pick<ClaimOptions, 'uid' | 'tenantsIn'>) {
  const left = await tenantsIn(privateDir(claim.dir, uid), claim.owner.dataDir);
  if (left.length > 0) throw leftBy(claim, left);
}

function isHeld(record: string): boolean {
  const lock = takeLock(lockOf(record));
  lock?.release();
  return lock === null;
}

const RECORD = '.owner';
const LOCK = '.lock';

function recordOf({ dir, part }: SocketShare, uid: number): string {
  return join(privateDir(dir, uid), part === null ? RECORD : `${RECORD}-${part}`);
}

/** Lists records that conflict with a share, its own included. */
function recordsAgainst(share: SocketShare, uid: number): string[] {
  const inside = privateDir(share.dir, uid);
  const all = recordsIn(inside).map((name) => join(inside, name));
  const same = [recordOf(share, uid), recordOf({ dir: share.dir, part: null }, uid)];
  return share.part === null ? all : all.filter((record) => same.includes(record));
}

function lockOf(record: string): string {
  return `${record}${LOCK}`;
}

function recordsIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => name.startsWith(RECORD) && !name.endsWith(LOCK));
  } catch {
    return [];
  }
}

function readOwner(record: string): SocketOwner | null {
  try {
    return JSON.parse(readFileSync(record, 'utf8')) as SocketOwner;
  } catch {
    return null;
  }
}

function failure(error: unknown): TenementError {
  if (error instanceof TenementError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new TenementError('state_failed', `the directory of sockets cannot be used: ${why}`, {
    hint: 'Check that the user that runs `tenement serve` can create and write it.',
    cause: error,
  });
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
