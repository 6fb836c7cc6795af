/**
 * A shell that runs one command after another. A fork of the shell takes a millisecond; one of this process holds it up
 * for up to thirty, since it has so much more memory to map.
 */
import { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { execa } from 'execa';
import { SYSTEM_DIRS } from './wrapper.ts';

/** Before the status that ends an answer. Programs of GNU print no control characters of file names in the C locale. */
const END_MARK = '\x1e';

export interface ShellAnswer {
  readonly status: number;
  /** What it printed on its standard output. */
  readonly lines: readonly string[];
}

export interface BackgroundShellOptions {
  /** From 0, as this process, to 19, which all else goes before; the priority of its I/O follows (ionice(1)). */
  readonly niceness: number;
}

export class BackgroundShell {
  /** It answers no more. */
  ended = false;
  private readonly subprocess = start();
  private readonly reader: Interface;
  private lines: string[] = [];
  private answer: (answer: ShellAnswer | null) => void = () => {};

  constructor({ niceness }: BackgroundShellOptions) {
    const { pid, stdin, stdout, nodeChildProcess } = this.subprocess;
    nodeChildProcess.unref();
    // Idle, it keeps no program running.
    for (const end of [stdin, stdout]) if (end instanceof Socket) end.unref();
    // One that is gone tells by the end of its output.
    stdin.on('error', () => {});
    if (pid !== undefined) lowerPriority(pid, niceness);
    this.reader = createInterface({ input: stdout });
    this.reader.on('line', (line) => this.take(line));
    this.reader.once('close', () => this.end());
  }

  /** Runs a command of the shell's language; null when the shell ends before it. One at a time. */
  run(command: string): Promise<ShellAnswer | null> {
    return new Promise((resolve) => {
      this.answer = resolve;
      if (this.ended) resolve(null);
      else this.subprocess.stdin.write(`{ ${command}\n} </dev/null; printf '\\036%d\\n' "$?"\n`);
    });
  }

  /** With what it runs. One that hangs in the kernel does not even end by that: it is not waited for. */
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

/** `late` when it takes longer than that. */
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
    // Not the idle class of I/O: a tenant that keeps the disk busy would then never be measured, and its files never go.
    setPriority(pid, niceness);
  } catch {
    // Where that is forbidden it works all the same.
  }
}

function start() {
  return execa('/bin/sh', ['-s', 'tenement'], {
    cwd: '/',
    env: { LC_ALL: 'C', PATH: SYSTEM_DIRS.join(':') },
    extendEnv: false,
    // A group of its own, which is killed as one. It ends with its input, and so with the server.
    detached: true,
    cleanup: false,
    stdio: ['pipe', 'pipe', 'ignore'],
    buffer: false,
    reject: false,
  });
}
