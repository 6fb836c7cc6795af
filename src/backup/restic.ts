/**
 * Runs restic(1). Its repository and password are in its environment, which only the server's user can read, and never
 * among its arguments. It ends with the server at the latest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BackupConfig } from '../core/backup/backup-config.ts';
import { findProgram } from '../process/launch/wrapper.ts';
import { resticFailure, resticMissing } from './restic-failure.ts';

export interface ResticOptions {
  readonly config: BackupConfig;
  /** Where restic keeps what it has read of the repository. */
  readonly cacheDir: string;
  /** The server's environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Returns the path of restic; null: it is not installed. */
  readonly program?: () => string | null;
}

export interface ResticRun {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

/** Behind serving processes, as other work on tenants' files. The I/O priority follows from it (ionice(1)). */
const NICENESS = 10;
/** restic chunks, compresses and encrypts on as many cores as it may. */
const CORES = Math.max(1, Math.floor(availableParallelism() / 4));
const MAX_ERRORS_CHARACTERS = 8000;
/** A list of 100,000 backups has 40 MB. */
const MAX_OUTPUT_CHARACTERS = 256 * 1024 ** 2;
const COMPLETE = 'complete\n';

type Stdio = ('ignore' | 'pipe' | Readable)[];

/**
 * restic keeps what it has read when its input ends, whatever ended it. So its input passes a shell, which ends it only
 * after the word that it is complete, and otherwise kills restic first. Descriptor 3 tells it restic's pid, then the word.
 */
const RELAY =
  'PATH=/usr/bin:/bin; IFS= read -r pid <&3 || exit; cat || exit; IFS= read -r word <&3 && [ "$word" = complete ] || kill -KILL "$pid"';

export class Restic {
  private readonly options: ResticOptions;

  constructor(options: ResticOptions) {
    this.options = options;
  }

  /** Returns its output. @throws {TenementError} `repository_failed`, the signal's reason */
  async read({ args, signal }: ResticRun): Promise<string> {
    const child = this.start(args, signal, ['ignore', 'pipe', 'pipe']);
    const errors = collected(child.stderr);
    let output = '';
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (text: string) => {
      if (output.length + text.length <= MAX_OUTPUT_CHARACTERS) output += text;
    });
    await this.end(child, errors, signal);
    return output;
  }

  /**
   * Feeds it a stream.
   * @param complete rejects when the stream that has ended is not complete; then nothing of it is kept
   * @returns its output
   * @throws {TenementError} `repository_failed`, the signal's reason; what the stream and `complete` throw
   */
  async write(
    { args, signal }: ResticRun,
    stream: AsyncIterable<Uint8Array>,
    complete: () => Promise<void>,
  ): Promise<string> {
    const relay = this.spawn(['/bin/sh', '-c', RELAY], signal, ['pipe', 'pipe', 'ignore', 'pipe']);
    const child = this.start(args, signal, [relay.stdout as Readable, 'pipe', 'pipe']);
    // restic has it now. With this end open, the relay would not notice that restic has left.
    relay.stdout?.destroy();
    const errors = collected(child.stderr);
    let last = '';
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (text: string) => {
      last = (last + text).slice(-MAX_ERRORS_CHARACTERS);
    });
    const words = relay.stdio[3] as Writable;
    // It has ended, which restic's end tells.
    for (const emitter of [relay, words, relay.stdin]) emitter?.on('error', () => {});
    words.write(`${child.pid}\n`);
    const fed = this.feed(relay.stdin as Writable, stream, complete);
    fed.then(
      () => words.end(COMPLETE),
      () => words.destroy(),
    );
    const [ended, read] = await Promise.allSettled([this.end(child, errors, signal), fed]);
    signal.throwIfAborted();
    // A restic that fails reads no further, and the stream's failure is only that.
    if (read.status === 'rejected' && !isBrokenPipe(read.reason)) throw read.reason;
    if (ended.status === 'rejected') throw ended.reason;
    return last;
  }

  /** Yields what it writes. @throws {TenementError} `repository_failed`, the signal's reason */
  async *stream({ args, signal }: ResticRun): AsyncGenerator<Uint8Array> {
    const child = this.start(args, signal, ['ignore', 'pipe', 'pipe']);
    const errors = collected(child.stderr);
    const ended = this.end(child, errors, signal);
    ended.catch(() => {});
    try {
      for await (const chunk of child.stdout as Readable) yield chunk as Uint8Array;
      await ended;
    } finally {
      kill(child);
    }
  }

  private async feed(to: Writable, stream: AsyncIterable<Uint8Array>, complete: () => Promise<void>): Promise<void> {
    await pipeline(stream, to);
    await complete();
  }

  private async end(child: ChildProcess, errors: () => string, signal: AbortSignal): Promise<void> {
    const abort = () => kill(child);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
      failed.catch(() => {});
      const [status] = await Promise.race([once(child, 'close'), failed]);
      signal.throwIfAborted();
      if (status !== 0) throw resticFailure(errors(), this.options.config);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  private start(args: readonly string[], signal: AbortSignal, stdio: Stdio): ChildProcess {
    return this.spawn(this.words(args), signal, stdio);
  }

  private spawn([file = '', ...args]: readonly string[], signal: AbortSignal, stdio: Stdio): ChildProcess {
    signal.throwIfAborted();
    // A process group of its own, so that it is ended as a whole.
    const child = spawn(file, args, { cwd: '/', env: this.env, detached: true, stdio });
    if (child.pid !== undefined) lowerPriority(child.pid);
    return child;
  }

  /** Ends with the server whatever happens (prctl(2), PR_SET_PDEATHSIG). @throws {TenementError} `repository_failed` */
  private words(args: readonly string[]): string[] {
    const { program = () => findProgram('restic') } = this.options;
    const restic = program();
    if (restic === null) throw resticMissing();
    const setpriv = findProgram('setpriv');
    return [...(setpriv === null ? [] : [setpriv, '--pdeathsig', 'KILL', '--']), restic, ...args];
  }

  private get env(): NodeJS.ProcessEnv {
    const { config, cacheDir, env } = this.options;
    const inherited = ['PATH', 'HOME', 'SSH_AUTH_SOCK', 'TZ', ...config.inheritEnv];
    return {
      ...Object.fromEntries(inherited.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
      LC_ALL: 'C',
      GOMAXPROCS: String(CORES),
      RESTIC_REPOSITORY: config.repository,
      RESTIC_PASSWORD_FILE: config.passwordFile,
      RESTIC_CACHE_DIR: cacheDir,
      RESTIC_PROGRESS_FPS: '0.1',
    };
  }
}

function collected(stream: Readable | null): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (more: string) => {
    text = (text + more).slice(-MAX_ERRORS_CHARACTERS);
  });
  return () => text;
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, NICENESS);
  } catch {
    // Without the right to lower its priority it still works.
  }
}

function isBrokenPipe(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
