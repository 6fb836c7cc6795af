/**
 * Runs a prepared command with an input of text, and keeps what it prints. The command is a tenant's: its output and its
 * time are bounded, and nothing that it starts is left running.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { PreparedCommand } from '../core/service/operator-command.ts';
import { TenementError } from '../errors.ts';
import { closeInherited } from '../process/launch/descriptors.ts';
import { assertSameUser, removeTraces, start, withoutName } from './prepared-command.ts';

/** Path by which the shell reads its script. */
const SCRIPT_FILE = '/dev/fd/3';
/** How much of stderr is kept. */
const STDERR_MAX_BYTES = 4096;
/** How long a process outside of every group may keep the output open after the end. */
const CLOSE_MS = 1000;

export interface CaptureOptions {
  readonly input: string;
  readonly timeoutMs: number;
  /** A command that prints more is ended. */
  readonly maxBytes: number;
  /** Ends the command early. */
  readonly signal: AbortSignal;
}

export interface Captured {
  readonly stdout: string;
  /** Its beginning. */
  readonly stderr: string;
  /** null: ended by a signal. */
  readonly status: number | null;
  /** Why it was ended; null: it ended by itself. */
  readonly endedFor: 'time' | 'output' | 'interrupt' | null;
}

/** @throws {TenementError} `usage`, `exec_failed` */
export async function capturePrepared(prepared: PreparedCommand, options: CaptureOptions): Promise<Captured> {
  try {
    assertSameUser(prepared);
    closeInherited();
    const { shell } = prepared;
    const [file = '', ...args] = shell;
    const script = withoutName(prepared.script);
    const child = start(file, [...args, SCRIPT_FILE], {
      env: {},
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', script],
    });
    closeSync(script);
    return await capture(child, prepared, options);
  } finally {
    await removeTraces(prepared);
  }
}

async function capture(child: ChildProcess, prepared: PreparedCommand, options: CaptureOptions): Promise<Captured> {
  let endedFor: Captured['endedFor'] = null;
  const end = (reason: NonNullable<Captured['endedFor']>) => {
    endedFor ??= reason;
    killAll(child, prepared);
  };
  const interrupt = () => end('interrupt');
  const timer = setTimeout(() => end('time'), options.timeoutMs);
  options.signal.addEventListener('abort', interrupt);
  if (options.signal.aborted) interrupt();
  // A command that ends without reading its input is no error.
  child.stdin?.on('error', () => {}).end(options.input);
  const stdout = keep(child.stdout, options.maxBytes, () => end('output'));
  const stderr = keep(child.stderr, STDERR_MAX_BYTES, () => {});
  try {
    const [status] = await exitOf(child);
    killAll(child, prepared);
    await closed(child);
    return { stdout: stdout(), stderr: stderr(), status, endedFor };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', interrupt);
  }
}

async function exitOf(child: ChildProcess): Promise<[status: number | null]> {
  try {
    return (await once(child, 'exit')) as [number | null];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TenementError('exec_failed', `could not run ${child.spawnfile}: ${why}`, { cause });
  }
}

async function closed(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const timer = setTimeout(() => {
    for (const stream of streams) stream.destroy();
  }, CLOSE_MS);
  await Promise.all(streams.map((stream) => stream.closed || once(stream, 'close')));
  clearTimeout(timer);
}

/** Keeps the beginning of a stream, and discards the rest. @returns what was kept so far */
function keep(stream: Readable | null, maxBytes: number, onMore: () => void): () => string {
  const kept: Buffer[] = [];
  let left = maxBytes;
  stream?.on('data', (chunk: Buffer) => {
    if (chunk.length > left) onMore();
    kept.push(chunk.subarray(0, left));
    left -= Math.min(left, chunk.length);
  });
  return () => Buffer.concat(kept).toString();
}

/** Kills its process group, and what left that group but not its cgroup. */
function killAll({ pid }: ChildProcess, { cgroupDirs }: PreparedCommand): void {
  for (const target of [...(pid === undefined ? [] : [-pid]), ...cgroupDirs.flatMap(membersOf)]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

function membersOf(cgroupDir: string): number[] {
  try {
    return readFileSync(join(cgroupDir, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
