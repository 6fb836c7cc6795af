/**
 * Tries whether the server can use its directories: owners, modes, mounts and kinds of file system can all prevent it.
 */
import { once } from 'node:events';
import { existsSync, linkSync, lstatSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Config } from '../../../core/service/service.ts';
import { SUN_PATH_MAX_BYTES, socketShares } from '../../../core/service/socket-path.ts';
import { TenementError } from '../../../errors.ts';

interface NeededDir {
  /** Name of the directory in the config. */
  readonly what: string;
  readonly path: string;
}

/** Why a directory cannot be used, as the rest of a sentence that begins with its path, and what to do about it. */
interface DirectoryProblem {
  readonly why: string;
  readonly hint: string;
}

type Directories = Pick<Config, 'settings' | 'services'>;

/** Checks the data and state directories. Leaves nothing behind. @throws {TenementError} `state_failed` */
export function assertDataDirectories({ settings: { dataDir, stateDir } }: Directories): void {
  const owner = existsSync(stateDir) ? statSync(stateDir).uid : null;
  if (owner !== null && owner !== ownUid())
    throw refusal({ what: 'state directory', path: stateDir }, stateDir, {
      why: `belongs to user ${owner}, and not to user ${ownUid()}, who runs tenement`,
      hint: `Run it as that user, or give it to this one: chown -R ${ownUid()} ${stateDir}`,
    });
  for (const needed of [
    { what: 'settings.data_dir', path: dataDir },
    { what: 'state directory', path: stateDir },
  ])
    assertUsable(needed, problemOf(needed.path, writes));
}

/** Checks the directories of sockets. Leaves nothing behind. @throws {TenementError} `state_failed` */
export async function assertSocketDirectories({ settings, services }: Directories): Promise<void> {
  const dirs = new Map([[settings.runtimeDir, 'settings.runtime_dir']]);
  for (const service of services.values())
    for (const { dir } of socketShares([service], settings))
      if (!dirs.has(dir)) dirs.set(dir, `service.${service.name}.socket`);
  for (const [path, what] of dirs) {
    assertUsable({ what, path }, problemOf(path, writes));
    assertUsable({ what, path }, await socketProblemOf(path));
  }
}

function assertUsable(needed: NeededDir, problem: DirectoryProblem | null): void {
  if (problem !== null) throw refusal(needed, nearestExisting(needed.path), problem);
}

function refusal({ what, path }: NeededDir, there: string, { why, hint }: DirectoryProblem): TenementError {
  return new TenementError('state_failed', `${what} (${path}) cannot be used: ${there} ${why}`, { hint });
}

/** Returns `path`, or for a missing path the nearest directory above it that exists. */
export function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/** Makes a directory for a trial, in or above `path`. Its name is no tenant's, and is short enough for a socket. */
export function trialDir(path: string): string {
  return mkdtempSync(join(nearestExisting(path), '.t-'));
}

function problemOf(path: string, attempt: (dir: string) => void): DirectoryProblem | null {
  const there = nearestExisting(path);
  if (!statSync(there).isDirectory()) return { why: 'is not a directory', hint: 'Name another directory.' };
  let dir: string | null = null;
  try {
    dir = trialDir(there);
    attempt(dir);
    return null;
  } catch (error) {
    return problemBy(error as NodeJS.ErrnoException, there);
  } finally {
    if (dir !== null) rmSync(dir, { recursive: true, force: true });
  }
}

function writes(dir: string): void {
  writeFileSync(join(dir, 'file'), 'x');
}

function problemBy({ code, message }: NodeJS.ErrnoException, there: string): DirectoryProblem {
  if (code === 'EROFS') return { why: 'is read-only', hint: 'Mount it writable, or name another directory.' };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return { why: `has no free space (${code})`, hint: 'Free some, or name another directory.' };
  if (code !== 'EACCES' && code !== 'EPERM')
    return { why: `accepts no files: ${message}`, hint: 'Name another directory.' };
  const { uid } = statSync(there);
  const isRoot = ownUid() === 0;
  const why = isRoot
    ? `belongs to user ${uid}, and root may not write other users' files here (no CAP_DAC_OVERRIDE)`
    : `is not writable for user ${ownUid()}`;
  const hint = isRoot
    ? `Give it that capability, or the directory to root: chown root ${there}`
    : 'Name another directory, or make this one writable for the user that runs `tenement serve`.';
  return { why, hint };
}

const OTHER_FILE_SYSTEM = 'Choose one on another file system, a tmpfs such as /run for example.';

/** Tries to bind a socket and to give it a second name. */
async function socketProblemOf(path: string): Promise<DirectoryProblem | null> {
  const dir = trialDir(path);
  const socket = join(dir, 's');
  const server = createServer();
  try {
    // A path that is too long is reported where it is built.
    if (Buffer.byteLength(socket) > SUN_PATH_MAX_BYTES) return null;
    const listening = once(server, 'listening');
    server.listen(socket);
    await listening;
    linkSync(socket, join(dir, 'l'));
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isBound = lstatSync(socket, { throwIfNoEntry: false }) !== undefined;
    return { why: `does not support ${isBound ? 'hard links' : 'Unix sockets'} (${code})`, hint: OTHER_FILE_SYSTEM };
  } finally {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}
