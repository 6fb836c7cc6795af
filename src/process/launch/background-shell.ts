/**
 * A shell that runs one command after another in the background. Forking a command from the shell takes a millisecond;
 * forking it from the server stops the server's event loop for up to 30 ms, because the kernel copies far larger page
 * tables.
 */
import { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { execa } from 'execa';
import { SYSTEM_DIRS } from './wrapper.ts';

/**
 * Precedes the exit status that ends an answer. In the C locale GNU programs print no control characters of file names.
 */
const END_MARK = '\x1e';

export interface ShellAnswer {
  readonly status: number;
  /** Lines of its standard output. */
  readonly lines: readonly string[];
}

export interface BackgroundShellOptions {
  /** 0 (the server's own priority) to 19 (everything else runs first). The I/O priority follows from it (ionice(1)). */
  readonly niceness: number;
}

export class BackgroundShell {
  /** Whether the shell has ended, so that it answers no further command. */
  ended = false;
  private readonly subprocess = start();
  private readonly reader: Interface;
  private lines: string[] = [];
  private answer: (answer: ShellAnswer | null) => void = () => {};

  constructor({ niceness }: BackgroundShellOptions) {
    const { pid, stdin, stdout, nodeChildProcess } = this.subprocess;
    nodeChildProcess.unref();
    // An idle shell does not keep the program running.
    for (const end of [stdin, stdout]) if (end instanceof Socket) end.unref();
    // The end of its output tells that the shell has ended.
    stdin.on('error', () => {});
    if (pid !== undefined) lowerPriority(pid, niceness);
    this.reader = createInterface({ input: stdout });
    this.reader.on('line', (line) => this.take(line));
    this.reader.once('close', () => this.end());
  }

  /** Runs one command line of sh, one at a time. Resolves to null when the shell ends before the command does. */
  run(command: string): Promise<ShellAnswer | null> {
    return new Promise((resolve) => {
      this.answer = resolve;
      if (this.ended) resolve(null);
      else this.subprocess.stdin.write(`{ ${command}\n} </dev/null; printf '\\036%d\\n' "$?"\n`);
    });
  }

  /**
   * Kills the shell with the command that it runs. A command that hangs in the kernel survives even this, so nobody
   * waits for it.
   */
  kill(): void {
    const { pid, stdin, stdout, nodeChildProcess } = this.subprocess;
    const isThere = nodeChildProcess.exitCode === null && nodeChildProcess.signalCode === null;
    if (pid !== undefined && isThere) process.kill(-pid, 'SIGKILL');
    this.reader.close();
    stdin.destroy();
    stdout.destroy();
  }

  private take(line: string): void {
    if (!line.startsWith(END_MARK)) return void this.lines.push(line);
    this.answer({ status: Number(line.slice(END_MARK.length)), lines: this.lines });
    this.lines = [];
  }

  private end(): void {
    this.ended = true;
    this.answer(null);
  }
}

/** Resolves to `late` when the answer takes longer than `timeoutMs`. */
export async function within<Answer>(timeoutMs: number, answer: Promise<Answer>): Promise<Answer | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lowerPriority(pid: number, niceness: number): void {
  try {
    // Not the idle I/O class: while a tenant keeps the disk busy, its storage would never be measured or deleted.
    setPriority(pid, niceness);
  } catch {
    // Without the right to lower its priority the shell still works.
  }
}

function start() {
  return execa('/bin/sh', ['-s', 'tenement'], {
    cwd: '/',
    env: { LC_ALL: 'C', PATH: SYSTEM_DIRS.join(':') },
    extendEnv: false,
    // A process group of its own, so that it is killed as a whole. The shell ends when its input does, thus with the
    // server.
    detached: true,
    cleanup: false,
    stdio: ['pipe', 'pipe', 'ignore'],
    buffer: false,
    reject: false,
  });
}
