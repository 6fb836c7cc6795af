/** A server that runs for the length of one test: a program in the foreground, with a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A server that does not end in time is killed. */
const STOP_GUARD_MS = 20_000;
const STARTED_WITHIN_MS = 120_000;

interface Options {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it serves. It is asked again and again. */
  readonly isReady: () => Promise<boolean>;
}

export class Daemon {
  private readonly child: ChildProcess;
  private readonly log: string;

  private constructor(words: readonly [string, ...string[]], { cwd, env }: Options) {
    const [program, ...args] = words;
    // A file, and no pipe: tests run clients synchronously, and read no pipe meanwhile.
    this.log = join(cwd, `${basename(program)}-${randomInt(2 ** 32)}.log`);
    const output = openSync(this.log, 'w');
    this.child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
  }

  static async start(words: readonly [string, ...string[]], options: Options): Promise<Daemon> {
    const daemon = new Daemon(words, options);
    try {
      await daemon.ready(options.isReady);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  async stop(): Promise<void> {
    const { pid } = this.child;
    if (pid === undefined || this.hasEnded) return;
    const exited = once(this.child, 'exit');
    process.kill(-pid, 'SIGTERM');
    const guard = setTimeout(() => process.kill(-pid, 'SIGKILL'), STOP_GUARD_MS);
    await exited;
    clearTimeout(guard);
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private async ready(isReady: () => Promise<boolean>): Promise<void> {
    const latest = Date.now() + STARTED_WITHIN_MS;
    while (!(await isReady())) {
      if (this.hasEnded || Date.now() > latest) {
        throw new Error(
          `${this.child.spawnargs.join(' ')} does not serve:\n${readFileSync(this.log, 'utf8').slice(-10_000)}`,
        );
      }
      await delay(50);
    }
  }
}

/** Whether something listens there. */
export async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
