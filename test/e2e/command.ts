/** Command lines against a real server. */
import { spawn } from 'node:child_process';
import { testIo } from '../cli/io.ts';
import { MAIN } from './follower.ts';

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Commands that run in the test's own process, because starting a process takes most of a command's time. */
const WITHOUT_PROCESS = new Set([
  ...['spawn', 'start', 'stop', 'restart', 'sleep', 'rm', 'token', 'notify'],
  ...['ps', 'status', 'logs', 'events', 'tenant', 'secret'],
]);

/** Runs a command to its end. */
export function tenement(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  return WITHOUT_PROCESS.has(args[0] ?? '') ? runHere(args, env) : runProcess(args, env);
}

async function runHere(args: readonly string[], env: Record<string, string>): Promise<CommandResult> {
  const { run } = await import('../../src/cli/program.ts');
  const { io, stdout, stderr } = testIo({ ...process.env, ...env });
  const status = await run(args, io);
  return { status, stdout: stdout.text, stderr: stderr.text };
}

function runProcess(args: readonly string[], env: Record<string, string>): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('close', (code) => resolve({ status: code ?? -1, stdout, stderr }));
  });
}

/** A command that runs in the test's own process until it is ended. */
export class Watch {
  private readonly command;
  private isOver = false;
  private wake: () => void = () => {};

  constructor(args: readonly string[], env: Record<string, string>) {
    this.command = testIo({ ...process.env, ...env });
    this.command.stdout.onText = () => this.wake();
    void this.run(args);
  }

  /** The lines of its standard output, until the command ends. */
  async *lines(): AsyncGenerator<string> {
    for (let at = 0; ; ) {
      const { text } = this.command.stdout;
      const end = text.indexOf('\n', at);
      if (end >= 0) {
        yield text.slice(at, end);
        at = end + 1;
      } else if (this.isOver) return;
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }

  end(): void {
    this.command.interrupt.abort();
  }

  private async run(args: readonly string[]): Promise<void> {
    const { run } = await import('../../src/cli/program.ts');
    await run(args, this.command.io);
    this.isOver = true;
    this.wake();
  }
}
