/**
 * du(1), asked over and over through one shell. A fork of the shell takes a millisecond; one of this process holds it up
 * for up to thirty, since it has so much more memory to map.
 */
import { constants, setPriority } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { execa } from 'execa';
import { findProgram } from './wrapper.ts';

const DU = findProgram('du');

/** Whether there is one. */
export const hasDu = DU !== null;

/** Kilobytes, one line for the whole, on one file system (POSIX). An empty line ends each answer. */
const SCRIPT = 'while IFS= read -r dir; do "$1" -s -k -x "$dir"; echo; done';

export class Du {
  /** It answers no more. */
  ended = false;
  private readonly subprocess = start();
  private readonly reader: Interface;
  private lines: string[] = [];
  private answer: (lines: readonly string[] | null) => void = () => {};

  constructor() {
    const { pid, stdout, nodeChildProcess } = this.subprocess;
    nodeChildProcess.unref();
    if (pid !== undefined) lowerPriority(pid);
    this.reader = createInterface({ input: stdout });
    this.reader.on('line', (line) => this.take(line));
    this.reader.once('close', () => this.end());
  }

  /** What it prints of a directory; null when it ends before that. One at a time. */
  ask(dir: string): Promise<readonly string[] | null> {
    return new Promise((resolve) => {
      this.answer = resolve;
      if (this.ended) resolve(null);
      else this.subprocess.stdin.write(`${dir}\n`);
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
    if (line !== '') return void this.lines.push(line);
    this.answer(this.lines);
    this.lines = [];
  }

  private end(): void {
    this.ended = true;
    this.answer(null);
  }
}

/** That of its I/O follows. Not the idle class: who keeps the disk busy would never be measured. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // Where that is forbidden it measures all the same.
  }
}

function start() {
  return execa('/bin/sh', ['-c', SCRIPT, 'tenement', DU ?? 'du'], {
    cwd: '/',
    env: { LC_ALL: 'C' },
    extendEnv: false,
    // A group of its own, which is killed as one. It ends with its input, and so with the server.
    detached: true,
    cleanup: false,
    stdio: ['pipe', 'pipe', 'ignore'],
    buffer: false,
    reject: false,
  });
}
