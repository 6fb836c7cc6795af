/**
 * Gives the contents of a tenant's directory to the user that its services run as from now on. GNU chown(1) works by
 * directory descriptors and changes links themselves, so it reaches nothing outside, whatever the tenant replaces
 * meanwhile. It runs in a child process, since there may be millions of files. The directory itself changes last, so
 * that an interrupted change starts again.
 */
import { closeSync, existsSync, fchownSync, fstatSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Settings } from '../../core/service/service.ts';
import { BackgroundShell, within } from '../launch/background-shell.ts';
import { DirectoryError, type Owner, openDir } from './directories.ts';
import { mountIn } from './purge.ts';

const TIMEOUT_MS = 600_000;
const ROOT = 0;

/** Tenant directory → settles when the change in progress there is over. */
const underWay = new Map<string, Promise<void>>();

/**
 * Changes owners from root to the tenant's user, or back; files of other users keep theirs. Does nothing when the owner
 * already has the directory, or when the server is not root.
 * @param owner the tenant's own user; null: root
 * @throws {DirectoryError} the directory itself then keeps its owner
 */
export async function takeOwnership(
  tenantDir: string,
  owner: Owner | null,
  settings: Pick<Settings, 'stateDir' | 'dynamicUids'>,
): Promise<void> {
  if (process.getuid?.() !== ROOT) return;
  const before = underWay.get(tenantDir);
  const change = (before ?? Promise.resolve()).catch(() => {}).then(() => give(tenantDir, owner, settings));
  underWay.set(tenantDir, change);
  try {
    await change;
  } finally {
    if (underWay.get(tenantDir) === change) underWay.delete(tenantDir);
  }
}

type Uids = Settings['dynamicUids'];

async function give(
  tenantDir: string,
  owner: Owner | null,
  { stateDir, dynamicUids }: Pick<Settings, 'stateDir' | 'dynamicUids'>,
): Promise<void> {
  const mark = join(stateDir, 'ownership', basename(tenantDir));
  if (lstatSync(tenantDir, { throwIfNoEntry: false }) === undefined) return rmSync(mark, { force: true });
  const fd = openDir(tenantDir);
  try {
    const from = formerOwner(fstatSync(fd), owner, dynamicUids, existsSync(mark));
    if (from === null) return;
    mkdirSync(join(stateDir, 'ownership'), { recursive: true, mode: 0o700 });
    writeFileSync(mark, '');
    await giveContents(tenantDir, fd, from, owner);
    // The group still tells which user it was.
    fchownSync(fd, owner?.uid ?? ROOT, owner?.gid ?? from);
    rmSync(mark, { force: true });
  } finally {
    closeSync(fd);
  }
}

/** Returns whose files change hands; null: nobody's. `marked`: a change was interrupted. */
function formerOwner(dir: Owner, owner: Owner | null, uids: Uids, marked: boolean): number | null {
  if (owner !== null) return dir.uid === ROOT || (marked && dir.uid === owner.uid) ? ROOT : null;
  if (isIn(dir.uid, uids)) return dir.uid;
  return marked && isIn(dir.gid, uids) ? dir.gid : null;
}

function isIn(id: number, [first, last]: Uids): boolean {
  return id >= first && id <= last;
}

async function giveContents(tenantDir: string, fd: number, from: number, owner: Owner | null): Promise<void> {
  const mount = mountIn(tenantDir);
  if (mount !== undefined) throw refusal(tenantDir, owner, `a file system is mounted at ${mount}`);
  const shell = new BackgroundShell({ niceness: 0 });
  try {
    // By the descriptor that was checked, not by the name.
    const enter = `cd /proc/${process.pid}/fd/${fd}`;
    const commands = [...(from === ROOT ? [FOREIGN] : []), chownOf(from, owner)];
    const answer = await within(TIMEOUT_MS, shell.run(`${enter} && { ${commands.join(' && ')}; }`));
    if (answer === 'late') throw refusal(tenantDir, owner, `not done within ${TIMEOUT_MS / 1000} s`);
    if (answer === null) throw refusal(tenantDir, owner, 'the shell that does it was ended');
    const why = answer.lines.join('; ') || (answer.status === 0 ? '' : 'chown (coreutils) or find could not be run');
    if (why !== '') throw refusal(tenantDir, owner, why);
  } finally {
    shell.kill();
  }
}

/**
 * Finds files of root that may not be the tenant's: devices, and files with further names elsewhere. A file whose names
 * are all in the directory is the tenant's (package managers make such files).
 */
const FOREIGN = `{ found=$(
  find . -xdev -user 0 \\( -type b -o -type c \\) -printf 'it holds a device\\n' -quit
  find . -xdev -user 0 -type f -links +1 -printf '%i %n\\n' | sort | uniq -c | while read -r seen inode links; do
    [ "$seen" = "$links" ] && continue
    echo "root's file of inode $inode has $links names, $seen of them here: copy it, or give it away by hand"
    break
  done
); [ -z "$found" ] || { printf '%s\\n' "$found"; false; }; }`;

/** chown(2) removes setuid bits, setgid bits and file capabilities. */
function chownOf(from: number, owner: Owner | null): string {
  const to = owner === null ? `${ROOT}` : `${owner.uid}:${owner.gid}`;
  const chown = `xargs -0 -r chown -R -P -h --from=${from} ${to} --`;
  return `{ find . -mindepth 1 -maxdepth 1 -print0 | ${chown}; } 2>&1 | sed -n 1,3p`;
}

function refusal(tenantDir: string, owner: Owner | null, why: string): DirectoryError {
  return new DirectoryError(`${tenantDir} cannot be given to user ${owner?.uid ?? ROOT}: ${why}`);
}
