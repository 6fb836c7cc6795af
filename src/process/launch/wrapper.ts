/**
 * Programs between the fork and the application. Each execs the next, so the pid stays. setpriv(1) forbids gaining
 * privileges. A shell joins the cgroup, before anything is charged to another one, and lowers the limit of open files.
 * setpriv then changes to the tenant's own user if it has one. Last, bwrap(1) gives the application its view of the
 * machine, or runsc(1) a kernel of its own.
 */
import { join } from 'node:path';
import { isSetLate } from '../../core/input/variable.ts';
import { programCandidates } from '../../core/service/program.ts';
import { isExecutable } from '../../node/executable.ts';
import type { Owner } from '../storage/directories.ts';
import { isFile } from '../storage/files.ts';

export interface Wrapping {
  /** Files of the cgroup to join. */
  readonly joinFiles: readonly string[];
  readonly nofileLimit: number | null;
  readonly user: Owner | null;
  /** bwrap or runsc and its arguments; empty at `isolation = "process"`. */
  readonly sandbox: readonly string[];
  /** File of the system call filter, which bwrap reads at `FILTER_FD`; null: no filter. */
  readonly filterPath: string | null;
  /** Whether the kernel may write its memory to a file when it crashes. */
  readonly dumpsCore: boolean;
  /**
   * Environment of the sandbox itself, when the program and its environment are in a file that the sandbox reads; null:
   * they follow as its arguments.
   */
  readonly ownEnv: Readonly<Record<string, string>> | null;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

/** Directories of the system's programs. A tenant's PATH plays no part here. */
export const SYSTEM_DIRS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

export function findProgram(name: string): string | null {
  return SYSTEM_DIRS.map((dir) => join(dir, name)).find(isExecutable) ?? null;
}

/** Part of util-linux. */
const SETPRIV = findProgram('setpriv');

/** Whether this machine can keep processes from gaining privileges. */
export const hasSetpriv = SETPRIV !== null;

/** Runs the shell. Nothing that it starts can gain privileges. */
export const SHELL: Program =
  SETPRIV === null ? { file: '/bin/sh', args: [] } : { file: SETPRIV, args: ['--no-new-privs', '--', '/bin/sh'] };

/** Descriptor at which bwrap reads the system call filter; a shell can name no higher one. */
export const FILTER_FD = 9;

/** MAX_ARG_STRLEN (execve(2)): the kernel's limit for one argument or variable, with its final NUL. */
const MAX_WORD_BYTES = 128 * 1024;

export interface Started extends Program {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/**
 * Builds the shell's script. Braces keep the shell from running any of it before it has read all. A write of `0` to a
 * cgroup file moves the writer. A limit that cannot be set ends the start. The environment is exported rather than
 * passed as arguments, which every user may read.
 * @param redirection of the program's stdin; default: an empty input
 * @throws {Error} when an argument or variable has a NUL byte or is too long
 */
export function scriptFor(started: Started, wrapping: Wrapping, redirection = nothingFor(wrapping)): string {
  const { joinFiles, nofileLimit, filterPath, dumpsCore } = wrapping;
  const { words, env } = commandOf(started, wrapping);
  const script = [
    '{',
    ...(nofileLimit === null ? [] : [`ulimit -n ${nofileLimit} || exit 126`]),
    ...(dumpsCore ? [] : ['ulimit -c 0 || exit 126']),
    ...joinFiles.map((path) => `echo 0 > ${quoted(path)} || exit 126`),
    `cd ${quoted(started.cwd)} || exit 126`,
    // Variables that a shell adds to a clean environment.
    'unset PWD OLDPWD SHLVL',
    ...env.map(([name, value]) => `export ${name}=${quoted(value)}`),
    `exec ${words.map(quoted).join(' ')}${filterPath === null ? '' : ` ${FILTER_FD}< ${quoted(filterPath)}`} ${redirection}`,
    '}',
    '',
  ].join('\n');
  assertPassable([...words, ...env.map(([name, value]) => `${name}=${value}`)]);
  return script;
}

/** An empty pipe, made by the shell: runsc changes the owner of its stdin to `nobody`, which /dev/null must not get. */
const EMPTY_PIPE = "<<'END'\nEND";

function nothingFor({ ownEnv }: Wrapping): string {
  return ownEnv === null ? '< /dev/null' : EMPTY_PIPE;
}

function commandOf({ file, args, env }: Started, { user, sandbox, ownEnv }: Wrapping) {
  if (ownEnv !== null) return { words: [...userWords(user), ...sandbox], env: Object.entries(ownEnv) };
  const words = [...userWords(user), ...sandbox, ...lateWords(env), file, ...args];
  return { words, env: Object.entries(env).filter(([name]) => !isSetLate(name)) };
}

/**
 * Checked here because the shell would fail with an exit status alone. The message omits the words, which may be
 * secret.
 * @throws {Error} when a word has a NUL byte or is too long
 */
function assertPassable(words: readonly string[]): void {
  if (words.some((word) => word.includes('\0'))) throw new Error('its command or environment has a NUL byte');
  if (words.every((word) => Buffer.byteLength(word) < MAX_WORD_BYTES)) return;
  throw new Error('an argument or a variable of it is longer than the 128 KiB that the system accepts (E2BIG)');
}

/** Quotes a string as one word of sh. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function lateWords(env: Started['env']): string[] {
  const late = Object.entries(env).filter(([name]) => isSetLate(name));
  return late.length === 0 ? [] : ['/usr/bin/env', ...late.map(([name, value]) => `${name}=${value}`)];
}

/** Returns the words that run a program as another user; empty when that is impossible or unnecessary. */
export function userWords(user: Owner | null): string[] {
  if (SETPRIV === null || user === null) return [];
  return [SETPRIV, `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'];
}

/**
 * Checks that a program exists. A wrapped program would report its absence only by its exit status.
 * @throws {Error} with a sentence for a person
 */
export function assertProgram(program: string, cwd: string, path: string): void {
  const found = findCommand(program, cwd, path);
  if (found === 'forbidden') throw new Error(`not allowed to run: ${program}`);
  if (found === 'missing') throw new Error(`command not found: ${program}`);
}

/** Looks for a command on `path`. `forbidden`: it exists and cannot be executed. */
export function findCommand(program: string, cwd: string, path: string): 'there' | 'forbidden' | 'missing' {
  const candidates = programCandidates(program, cwd, path);
  if (candidates.some(isExecutable)) return 'there';
  return candidates.some(isFile) ? 'forbidden' : 'missing';
}
