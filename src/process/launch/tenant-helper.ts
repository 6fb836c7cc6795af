/**
 * Runs a program of tenement's, or of the system, on what a tenant made: as the tenant's user and behind walls if the tenant
 * has some, after everything else in the order of the machine's time, and with the server's end at the latest ended too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import type { Limits } from '../../core/limits/limits.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { Cgroups } from '../cgroup/cgroup.ts';
import { makeCapped } from '../cgroup/make-capped.ts';
import { filterWords, NAMESPACES, scratchWords } from '../isolation/bubblewrap.ts';
import type { IsolationDeps } from '../isolation/isolation.ts';
import type { Owner } from '../storage/directories.ts';
import { FILTER_FD, findProgram, SHELL, SYSTEM_DIRS, scriptFor } from './wrapper.ts';

export interface HelperRequest {
  readonly tenantId: string;
  readonly isolation: ServiceConfig['isolation'];
  /** null: the server's user. */
  readonly owner: Owner | null;
  /** The program, absolute or of the system, and its arguments. */
  readonly words: readonly string[];
  /** Directories of the tenant's user that it works on. */
  readonly writable: readonly string[];
  /** Further files and directories that it needs. */
  readonly readable: readonly string[];
  /** `pipe`: the caller writes it. A stream: another helper's output, which then is this one's alone. */
  readonly stdin: 'ignore' | 'pipe' | Readable;
  /** A descriptor of an open file gets the output. Default: a pipe. */
  readonly stdout?: number;
}

export interface TenantHelper {
  readonly process: ChildProcess;
  /** Its descriptor 3, for messages. */
  readonly messages: Readable;
  /** Settles when it has ended and its output was read. */
  readonly ended: Promise<{ readonly status: number | null }>;
  /** Ends it with all that it started. */
  kill(): void;
}

export type TenantHelpers = (request: HelperRequest) => TenantHelper;

/** Behind serving processes, as the deletion of what tenants left. The I/O priority follows from it (ionice(1)). */
const NICENESS = 10;
/** Enough for a copy of any size, which is read piece by piece. */
const MEMORY_BYTES = 512 * 1024 ** 2;
/** A share of 100 is a service's default. */
const CPU_SHARES = 10;
const MAX_PROCESSES = 64;
const TMP_BYTES = 16 * 1024 ** 2;
/** Separates the tenant from the number of the helper in the name of a cgroup. No instance's own has two dots in a row. */
const MARK = '..helper-';

const LIMITS: Limits = {
  memoryLimitBytes: MEMORY_BYTES,
  cpuShares: CPU_SHARES,
  cpuLimit: null,
  pidsLimit: MAX_PROCESSES,
  nofileLimit: null,
  storageLimitBytes: null,
};

export interface HelperContext extends Pick<IsolationDeps, 'filterPath'> {
  cgroups(): Cgroups;
}

let count = 0;

/** @throws {Error} with a sentence for a person */
export function runHelper(request: HelperRequest, context: HelperContext): TenantHelper {
  count += 1;
  const cgroup = makeCapped(context.cgroups(), `${request.tenantId}${MARK}${count}`, LIMITS);
  const joinFiles = cgroup?.joinFiles ?? [];
  const child = start(scriptOf(request, joinFiles, context), request);
  if (child.pid !== undefined) lowerPriority(child.pid);
  const ended = endOf(child).finally(() => cgroup?.remove());
  const kill = () => {
    const isThere = child.exitCode === null && child.signalCode === null;
    if (child.pid !== undefined && isThere) process.kill(-child.pid, 'SIGKILL');
  };
  return { process: child, messages: child.stdio[3] as Readable, ended, kill };
}

function scriptOf(request: HelperRequest, joinFiles: readonly string[], context: HelperContext): string {
  const [file = '', ...args] = request.words;
  const isWalled = request.isolation !== 'process' && findProgram('bwrap') !== null;
  const filterPath = isWalled ? context.filterPath() : null;
  const sandbox = [...ownWords(request.owner), ...(isWalled ? wallsOf(request, filterPath !== null) : [])];
  const env = { PATH: SYSTEM_DIRS.join(':'), LC_ALL: 'C' };
  const wrapping = { joinFiles, nofileLimit: null, user: null, sandbox, filterPath, dumpsCore: false, ownEnv: null };
  return scriptFor({ file, args, env, cwd: '/' }, wrapping, '');
}

/** Becomes the user, and ends with the server whatever happens (prctl(2), PR_SET_PDEATHSIG). */
function ownWords(owner: Owner | null): string[] {
  const setpriv = findProgram('setpriv');
  if (setpriv === null) return [];
  const user = owner === null ? [] : [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  return [setpriv, ...user, '--pdeathsig', 'KILL', '--'];
}

/** Links in the root of a system whose programs are all in /usr. */
const SYSTEM_LINKS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** It sees the system's programs and its own directories, and has no network. */
function wallsOf({ tenantId, writable, readable }: HelperRequest, isFiltered: boolean): string[] {
  return [
    ...[findProgram('bwrap') ?? 'bwrap', '--die-with-parent', '--ro-bind', '/usr', '/usr'],
    ...SYSTEM_LINKS.flatMap(systemWords),
    ...['--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
    ...['--dev', '/dev', '--proc', '/proc', ...scratchWords('/tmp', TMP_BYTES)],
    ...readable.filter(existsSync).flatMap((path) => ['--ro-bind', path, path]),
    ...writable.flatMap((path) => ['--bind', path, path]),
    ...['--unshare-net', ...NAMESPACES, ...filterWords(isFiltered ? FILTER_FD : null)],
    ...['--hostname', tenantId, '--chdir', '/', '--'],
  ];
}

function systemWords(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

function start(script: string, { stdin, stdout }: HelperRequest): ChildProcess {
  return spawn(SHELL.file, [...SHELL.args, '-c', script], {
    cwd: '/',
    env: {},
    // A process group of its own, so that it is ended as a whole.
    detached: true,
    stdio: [stdin, stdout ?? 'pipe', 'pipe', 'pipe'],
  });
}

async function endOf(child: ChildProcess): Promise<{ status: number | null }> {
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => {});
  const [status] = await Promise.race([once(child, 'close'), failed]);
  return { status };
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, NICENESS);
  } catch {
    // Without the right to lower its priority it still works.
  }
}

/** Removes the empty cgroups of helpers of a server that was killed. */
export function removeHelperCgroups(cgroups: Cgroups): void {
  for (const cgroup of cgroups.all()) if (cgroup.dirs.some((dir) => dir.includes(MARK))) cgroup.remove();
}
