/**
 * What runs between the fork and the application's own program, each by exec, so that the pid stays: setpriv(1) takes the
 * right to gain privileges away, a shell joins the cgroup (before anything is charged to another) and lowers the limit of
 * open files, then setpriv changes to the tenant's own user where it has one, then bwrap(1) gives it its view of the
 * machine, or runsc(1) a kernel of its own.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { programCandidates } from '../../core/service/program.ts';
import type { Owner } from '../storage/directories.ts';
import { isFile } from '../storage/files.ts';

export interface Wrapping {
  /** Files of the cgroup that is joined. */
  readonly joinFiles: readonly string[];
  readonly nofileLimit: number | null;
  readonly user: Owner | null;
  /** bwrap or runsc and its arguments; empty at `isolation = "process"`. */
  readonly sandbox: readonly string[];
  /** The filter of system calls, which bwrap finds at `FILTER_FD`; null: there is none. */
  readonly filterPath: string | null;
  /** The program and its environment are in a file that the sandbox reads; null: they follow in its words. */
  readonly ownEnv: Readonly<Record<string, string>> | null;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

/** Where Linux has its programs; a tenant's own PATH has no part in this. */
export const SYSTEM_DIRS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

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

/** What means something to a shell itself, which would refuse some values of it (UID in bash, OPTIND in dash). */
const SHELLS_OWN = /^(OPTIND|PPID|E?UID|BASHOPTS|SHELLOPTS)$/;

/** The shell before it is told anything: nothing that it starts gains privileges. */
export const SHELL: Program =
  SETPRIV === null ? { file: '/bin/sh', args: [] } : { file: SETPRIV, args: ['--no-new-privs', '--', '/bin/sh'] };

/** Where bwrap reads the filter of system calls; a shell can name no higher one. */
export const FILTER_FD = 9;

/** MAX_ARG_STRLEN of the kernel (execve(2)): of each argument and each variable, with the NUL that ends it. */
const MAX_WORD_BYTES = 128 * 1024;

export interface Started extends Program {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/**
 * What the shell is told. In braces, so that it does nothing until it has read all of it. `0` stands for whoever writes
 * it; a cap that cannot be had is no reason to go on without. The environment is not among the words of a command, which
 * everybody may read. `redirection`: of the program's stdin, which has nothing to read where it is not given.
 * @throws {Error} when no program can be given one of its words
 */
export function scriptFor(started: Started, wrapping: Wrapping, redirection = nothingFor(wrapping)): string {
  const { joinFiles, nofileLimit, filterPath } = wrapping;
  const { words, env } = commandOf(started, wrapping);
  const script = [
    '{',
    ...(nofileLimit === null ? [] : [`ulimit -n ${nofileLimit} || exit 126`]),
    ...joinFiles.map((path) => `echo 0 > ${quoted(path)} || exit 126`),
    `cd ${quoted(started.cwd)} || exit 126`,
    // What a shell adds to a clean environment.
    'unset PWD OLDPWD SHLVL',
    ...env.map(([name, value]) => `export ${name}=${quoted(value)}`),
    `exec ${words.map(quoted).join(' ')}${filterPath === null ? '' : ` ${FILTER_FD}< ${quoted(filterPath)}`} ${redirection}`,
    '}',
    '',
  ].join('\n');
  assertPassable([...words, ...env.map(([name, value]) => `${name}=${value}`)]);
  return script;
}

/** The shell makes a pipe of it, from which nothing comes: runsc gives what it has for stdin to the user `nobody`. */
const EMPTY_PIPE = "<<'END'\nEND";

function nothingFor({ ownEnv }: Wrapping): string {
  return ownEnv === null ? '< /dev/null' : EMPTY_PIPE;
}

function commandOf({ file, args, env }: Started, { user, sandbox, ownEnv }: Wrapping) {
  if (ownEnv !== null) return { words: [...userWords(user), ...sandbox], env: Object.entries(ownEnv) };
  const words = [...userWords(user), ...sandbox, ...lateWords(env), file, ...args];
  return { words, env: Object.entries(env).filter(([name]) => !isLate(name)) };
}

/** The shell would tell it by its exit alone. What they say may be secret. @throws {Error} */
function assertPassable(words: readonly string[]): void {
  if (words.some((word) => word.includes('\0'))) throw new Error('its command or environment has a NUL byte');
  if (words.every((word) => Buffer.byteLength(word) < MAX_WORD_BYTES)) return;
  throw new Error('an argument or a variable of it is longer than the 128 KiB that the system takes (E2BIG)');
}

/** As one word of a shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function isLate(name: string): boolean {
  return LOADER.test(name) || SHELLS_OWN.test(name);
}

function lateWords(env: Started['env']): string[] {
  const late = Object.entries(env).filter(([name]) => isLate(name));
  return late.length === 0 ? [] : ['/usr/bin/env', ...late.map(([name, value]) => `${name}=${value}`)];
}

/** What runs a program as another user; empty where that cannot be or need not. */
export function userWords(user: Owner | null): string[] {
  if (SETPRIV === null || user === null) return [];
  return [SETPRIV, `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'];
}

/**
 * That the program is there, which a wrapped one would tell only by its exit.
 * @throws {Error} with a sentence for a person
 */
export function assertProgram(program: string, cwd: string, path: string): void {
  const found = findCommand(program, cwd, path);
  if (found === 'forbidden') throw new Error(`not allowed to run: ${program}`);
  if (found === 'missing') throw new Error(`command not found: ${program}`);
}

/** `forbidden`: it is there and cannot be executed. */
export function findCommand(program: string, cwd: string, path: string): 'there' | 'forbidden' | 'missing' {
  const candidates = programCandidates(program, cwd, path);
  if (candidates.some(isExecutable)) return 'there';
  return candidates.some(isFile) ? 'forbidden' : 'missing';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}
