/** A command that keeps running, and its output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export class Follower {
  readonly lines: string[] = [];
  /** Exit status of the command. */
  readonly ended: Promise<number | null>;
  readonly errorLines: string[] = [];
  private readonly child: ChildProcess;
  private tell: () => void = () => {};

  constructor(args: readonly string[], env: Record<string, string>) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.read(this.child.stdout, this.lines);
    this.read(this.child.stderr, this.errorLines);
  }

  /** Settles when a line matches. */
  line(pattern: RegExp): Promise<void> {
    return this.until(this.lines, pattern);
  }

  /** The same for stderr. */
  errorLine(pattern: RegExp): Promise<void> {
    return this.until(this.errorLines, pattern);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }

  private read(stream: ChildProcess['stdout'], into: string[]): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      into.push(line);
      this.tell();
    });
  }

  private async until(lines: readonly string[], pattern: RegExp): Promise<void> {
    while (!lines.some((line) => pattern.test(line))) {
      await new Promise<void>((resolve) => {
        this.tell = resolve;
      });
    }
  }
}
