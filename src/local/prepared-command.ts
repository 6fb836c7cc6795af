/**
 * Runs a prepared command with this process's stdin, stdout and stderr, but never on the operator's terminal itself: a
 * tenant's program that had the terminal could continue to read what the operator types. The command gets a terminal of
 * its own from script(1), or pipes in place of terminals.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, rmdirSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PreparedCommand } from '../core/service/operator-command.ts';
import { TenementError } from '../errors.ts';
import { closeInherited } from '../process/launch/descriptors.ts';
import { findProgram, quoted } from '../process/launch/wrapper.ts';

/** Path by which the shell reads its script. */
const SCRIPT_FILE = '/dev/fd/3';
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** The last process may take a moment to leave the cgroup. */
const LEAVE_TRIES = 20;
const LEAVE_POLL_MS = 10;

/**
 * Settles when the command ends, with its exit status; a signal gives 128 plus its number.
 * @throws {TenementError} `usage`, `host_cannot`, `exec_failed`
 */
export async function runPrepared(prepared: PreparedCommand, withTerminal: boolean): Promise<number> {
  try {
    assertSameUser(prepared);
    closeInherited();
    const script = withoutName(prepared.script);
    const child = withTerminal ? onTerminal(prepared, script) : onPipes(prepared, script);
    closeSync(script);
    return await statusOf(child);
  } finally {
    await removeTraces(prepared);
  }
}

/** The prepared script drops the server's rights, so it must start with them. @throws {TenementError} `usage` */
export function assertSameUser({ uid }: PreparedCommand): void {
  const own = process.getuid?.() ?? null;
  if (own === uid) return;
  throw new TenementError('usage', `the server runs as user ${uid}, and this command as user ${own}`, {
    hint: `Run it as the server's user: sudo -u '#${uid}' tenement …`,
  });
}

/** Directory of files in memory (shm_overview(7)): the script may contain secrets. */
const SHARED_MEMORY = '/dev/shm';

/** Makes a file that only this process and its child can read. */
export function withoutName(text: string): number {
  const path = join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), `tenement-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  writeSync(fd, text);
  return fd;
}

/**
 * Runs the command in a session of its own, so that it has no controlling terminal. A container always gets pipes,
 * because runsc changes the owner of its stdin, stdout and stderr to `nobody`.
 */
function onPipes({ shell: [file = '', ...args], ownDir }: PreparedCommand, script: number): ChildProcess {
  const { stdin, stdout, stderr } = process;
  const [input, output, errors] = [stdin, stdout, stderr].map(({ isTTY }) =>
    isTTY || ownDir !== null ? 'pipe' : 'inherit',
  );
  const child = start(file, [...args, SCRIPT_FILE], {
    env: {},
    detached: true,
    stdio: [input ?? 'pipe', output ?? 'pipe', errors ?? 'pipe', script],
  });
  if (child.stdin !== null) {
    // A command that ends without reading its input is no error.
    child.stdin.on('error', () => {});
    stdin.pipe(child.stdin);
    child.once('exit', () => stdin.destroy());
  }
  child.stdout?.pipe(stdout, { end: false });
  child.stderr?.pipe(stderr, { end: false });
  passSignals((signal) => child.pid !== undefined && process.kill(-child.pid, signal));
  return child;
}

function onTerminal({ shell }: PreparedCommand, script: number): ChildProcess {
  const program = findProgram('script');
  if (program === null)
    throw new TenementError('host_cannot', 'the command cannot get a terminal: script(1) is not installed', {
      hint: 'Install bsdutils or util-linux, or give it no terminal: `tenement exec … < /dev/null | cat`.',
    });
  const words = [...shell, SCRIPT_FILE].map(quoted).join(' ');
  const env = { SHELL: '/bin/sh' };
  const stdio = ['inherit', 'inherit', 'inherit', script] as const;
  const child = start(program, ['-q', '-e', '-c', `exec ${words}`, '/dev/null'], { env, stdio: [...stdio] });
  // The terminal passes its keys on to the command's terminal.
  passSignals((signal) => (signal === 'SIGTERM' || signal === 'SIGHUP') && child.kill(signal));
  return child;
}

export function start(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(file, args, { ...options, cwd: '/' });
}

function passSignals(pass: (signal: NodeJS.Signals) => void): void {
  for (const signal of PASSED_ON)
    process.on(signal, () => {
      try {
        pass(signal);
      } catch {
        // The command has ended.
      }
    });
}

function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new TenementError('exec_failed', `could not run ${child.spawnfile}: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** Removes what was made for a command that has ended. */
export async function removeTraces({ cgroupDirs, ownDir, secretsDirs }: PreparedCommand): Promise<void> {
  if (ownDir !== null) rmSync(ownDir, { recursive: true, force: true });
  if (secretsDirs.length > 0) removeTenants(secretsDirs);
  let left = cgroupDirs.filter((dir) => !isRemoved(dir));
  for (let tries = 0; left.length > 0 && tries < LEAVE_TRIES; tries += 1) {
    await delay(LEAVE_POLL_MS);
    left = left.filter((dir) => !isRemoved(dir));
  }
}

/** A tenant's directory: rm(1) works by descriptors, so that no link in it leads anywhere else. */
function removeTenants(dirs: readonly string[]): void {
  const rm = findProgram('rm');
  if (rm !== null) spawnSync(rm, ['-rf', '--one-file-system', '--', ...dirs], { stdio: 'ignore' });
}

/** A cgroup with processes stays; the next server removes it. */
function isRemoved(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
