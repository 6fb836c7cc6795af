/**
 * Tries whether tenants can have users of their own here. A container may have only one user, root may lack
 * capabilities, and a file system may know no owners.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceConfig, Settings } from '../../../core/service/service.ts';
import { TenementError } from '../../../errors.ts';
import { hasSetpriv, userWords } from '../../launch/wrapper.ts';
import { closedToOthers } from '../dynamic-user.ts';
import { trialDir } from './directories.ts';

const TRY_TIMEOUT_MS = 20_000;
/** Capabilities that the server uses on tenants with users of their own. */
const RIGHTS = 'CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_SETGID and CAP_SETUID';

type UserIdSettings = Pick<Settings, 'dataDir' | 'runtimeDir' | 'dynamicUids'>;

/** Why it is impossible, and what to do about it. */
interface UserIdProblem {
  readonly why: string;
  readonly hint: string;
}

/** Successful trials: each costs two forks, and each registration asks. */
const tried = new Set<string>();

/** Returns why tenants cannot have users of their own; null: they can. Leaves nothing behind. */
export function whyNoUsers(where: UserIdSettings): UserIdProblem | null {
  const instead = 'or leave tenants the server\'s user: user = "root".';
  if (process.getuid?.() !== 0) return { why: 'it needs root', hint: 'Run tenement as root, or leave `user` out.' };
  if (!hasSetpriv)
    return { why: 'setpriv is not installed', hint: `Install it: apt-get install util-linux; ${instead}` };
  const { dataDir, runtimeDir, dynamicUids } = where;
  const key = JSON.stringify([dataDir, runtimeDir, dynamicUids]);
  if (tried.has(key)) return null;
  // The last uid hardly ever belongs to a tenant, who could interfere with processes of its own user.
  const uid = dynamicUids[1];
  const failure = tryIn(dataDir, uid) ?? tryIn(runtimeDir, uid);
  if (failure === null) tried.add(key);
  return failure === null ? null : { why: failure.why, hint: `${hintFor(failure, dynamicUids)}; ${instead}` };
}

interface Failure {
  readonly why: string;
  /** Error code of the system call that failed; null: a program failed. */
  readonly code: string | null;
}

function hintFor({ code }: Failure, [first, last]: UserIdSettings['dynamicUids']): string {
  if (code === 'EINVAL')
    return `Map the user ids ${first}-${last} into this user namespace (of the container), or set dynamic_uids to some that are`;
  return `Give the server (its container, its service) ${RIGHTS}, and directories on a file system with owners`;
}

/** Tries, step by step, what a server does in the life of a tenant. */
function tryIn(path: string, uid: number): Failure | null {
  let dir: string | null = null;
  let doing = `no directory can be created in ${path}`;
  try {
    dir = trialDir(path);
    doing = `no directory in ${path} can be given to user ${uid}`;
    chownSync(dir, uid, uid);
    const child = startAs(uid, dir);
    if (typeof child !== 'number') return child;
    doing = `processes of user ${uid} cannot be ended`;
    end(child);
    doing = `the mode of files of user ${uid} cannot be set`;
    chmodSync(join(dir, 'made'), 0o700);
    doing = `files of user ${uid} cannot be read`;
    readdirSync(join(dir, 'made'));
    doing = `no file can be put into a directory of user ${uid}`;
    writeFileSync(join(dir, 'made', 'ours'), '');
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { why: `${doing} (${code})`, code: code ?? null };
  } finally {
    if (dir !== null) removeTrial(dir, uid);
  }
}

/**
 * Starts a process of the user, and makes a directory with a file that only that user may enter. Paths are relative, so
 * that the user needs no access to the parent directories.
 */
const TRIAL = 'umask 077 && mkdir made && : > made/file && { sleep 5 < /dev/null > /dev/null 2>&1 & echo $!; }';

/** Runs the trial as a user. Returns the pid of the process that it leaves running. */
function startAs(uid: number, dir: string): number | Failure {
  const [setpriv = '', ...words] = [...userWords({ uid, gid: uid }), '/bin/sh', '-c', TRIAL];
  const options = { cwd: dir, encoding: 'utf8', timeout: TRY_TIMEOUT_MS, env: {} } as const;
  const { status, stdout, stderr } = spawnSync(setpriv, words, options);
  if (status === 0) return Number(stdout);
  return { why: (stderr ?? '').trim().split('\n')[0] || 'setpriv failed', code: null };
}

/** Kills a process. @throws {Error} EPERM */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Files that root cannot remove may be removable by their owner. */
function removeTrial(dir: string, uid: number): void {
  const [setpriv = '', ...words] = [...userWords({ uid, gid: uid }), '/bin/rm', '-rf', 'made'];
  try {
    rmSync(dir, { recursive: true, force: true });
  } catch {
    spawnSync(setpriv, words, { cwd: dir, timeout: TRY_TIMEOUT_MS, env: {} });
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Checks that a service's tenants can have the user that its config asks for. @throws {TenementError} `host_cannot` */
export function assertUsers(service: ServiceConfig, settings: UserIdSettings): void {
  const { name, user } = service;
  const isRoot = process.getuid?.() === 0;
  if (user === null || (user === 'root' && isRoot)) return;
  const asRoot = 'Run tenement as root, or leave `user` out.';
  const lack = user === 'root' ? { why: 'root does not run tenement', hint: asRoot } : whyNoUsers(settings);
  if (lack !== null) {
    const message = `service.${name}.user = "${user}" is not possible here: ${lack.why}`;
    throw new TenementError('host_cannot', message, { hint: lack.hint });
  }
  assertPassable(service, settings);
}

/** Checks directories that the tenants' users must reach. `data_dir` itself is opened when the first tenant starts. */
function assertPassable({ name, isolation, workdir }: ServiceConfig, { dataDir }: Pick<Settings, 'dataDir'>): void {
  const needed: [key: string, path: string][] = [['data_dir', dirname(dataDir)]];
  if (isolation !== 'process' && !workdir.includes('{')) needed.push(['workdir', workdir]);
  for (const [key, path] of needed) {
    const closed = closedToOthers(path);
    if (closed === null) continue;
    const message = `service.${name}.user = "dynamic" is not possible: tenants' users may not enter ${closed}, on the way to ${key}`;
    throw new TenementError('host_cannot', message, {
      hint: `Keep ${key} where other users may pass, for example in /srv, or leave tenants the server's user: user = "root".`,
    });
  }
}
