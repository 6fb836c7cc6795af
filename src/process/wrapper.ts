/**
 * What runs between the fork and the application's own program, each by exec, so that the pid stays: a shell joins the
 * cgroup (before anything is charged to another) and lowers the limit of open files, then setpriv(1) takes the right to
 * gain privileges away and, with a user of its own, changes to it, then bwrap(1) gives it its view of the machine, or runsc(1)
 * a kernel of its own.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { programCandidates } from '../core/program.ts';
import type { Owner } from './directories.ts';

export interface Wrapping {
  /** Files of the cgroup that is joined. */
  readonly joinFiles: readonly string[];
  readonly nofileLimit: number | null;
  readonly user: Owner | null;
  /** bwrap or runsc and its arguments; empty at `isolation = "process"`. */
  readonly sandbox: readonly string[];
  /** The program and its environment are in a file that the sandbox reads; null: they follow in its words. */
  readonly ownEnv: Readonly<Record<string, string>> | null;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

/** `0` stands for whoever writes it. The shell would add PWD to a clean environment. A cap that cannot be had is no reason to go on without. */
const JOIN = `[ -z "$1" ] || ulimit -n "$1" || exit 126
left=$2; shift 2
while [ "$left" -gt 0 ]; do echo 0 > "$1" || exit 126; shift; left=$((left - 1)); done
unset PWD
exec "$@"`;

/** Where Linux has its programs; a tenant's own PATH has no part in this. */
const SYSTEM_DIRS = ['/usr/bin', '/bin', '/usr/local/bin'];

export function findProgram(name: string): string | null {
  return SYSTEM_DIRS.map((dir) => join(dir, name)).find(isExecutable) ?? null;
}

/** Of util-linux. */
const SETPRIV = findProgram('setpriv');

/** Whether processes can be kept from gaining privileges here. */
export const hasSetpriv = SETPRIV !== null;

/**
 * What glibc or its loader take from the environment to load and read (sysdeps/generic/unsecvars.h). In the tenant's
 * hands they would run its code as the server's user, before that was given up: they are set last.
 */
const LOADER =
  /^(LD_.*|GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LOCALDOMAIN|LOCPATH|MALLOC_.*|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TZDIR)$/;

export interface Started extends Program {
  readonly env: Readonly<Record<string, string>>;
}

export function wrapped({ file, args, env }: Started, wrapping: Wrapping): Started {
  if (wrapping.ownEnv !== null) return { ...around([], wrapping), env: wrapping.ownEnv };
  const entries = Object.entries(env);
  const late = entries.filter(([name]) => LOADER.test(name)).map(([name, value]) => `${name}=${value}`);
  const early = Object.fromEntries(entries.filter(([name]) => !LOADER.test(name)));
  const program = late.length === 0 ? [file, ...args] : ['/usr/bin/env', ...late, file, ...args];
  return { ...around(program, wrapping), env: early };
}

function around(program: readonly string[], wrapping: Wrapping): Program {
  const inner = [...setprivWords(wrapping.user), ...wrapping.sandbox, ...program];
  const { joinFiles, nofileLimit } = wrapping;
  if (joinFiles.length === 0 && nofileLimit === null) {
    const [first = '', ...rest] = inner;
    return { file: first, args: rest };
  }
  const limit = nofileLimit === null ? '' : String(nofileLimit);
  return { file: '/bin/sh', args: ['-c', JOIN, 'tenement', limit, String(joinFiles.length), ...joinFiles, ...inner] };
}

function setprivWords(user: Owner | null): string[] {
  if (SETPRIV === null) return [];
  const asUser = user === null ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  return [SETPRIV, ...asUser, '--no-new-privs', '--'];
}

/**
 * That the program is there, which a wrapped one would tell only by its exit.
 * @throws {Error} with a sentence for a person
 */
export function assertProgram(program: string, cwd: string, path: string): void {
  const candidates = programCandidates(program, cwd, path);
  if (candidates.some(isExecutable)) return;
  const there = candidates.some((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true);
  throw new Error(there ? `not allowed to run: ${program}` : `command not found: ${program}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
