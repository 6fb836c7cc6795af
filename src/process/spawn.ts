/** Runs a command as a child with a session, a clean environment and an output of its own. */
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { execa } from 'execa';
import type { ProcessIdentity } from '../core/instance.ts';
import type { ProcessExit } from '../core/ports.ts';
import type { Covered } from './descriptors.ts';
import type { Plan } from './plan.ts';
import { identityOf } from './proc.ts';
import { assertProgram, type Wrapping, wrapped } from './wrapper.ts';

export interface Spawned {
  readonly identity: ProcessIdentity;
  /** Settles when it was reaped. */
  readonly exited: Promise<ProcessExit>;
  /** This process need not wait for its end. */
  unref(): void;
}

/** @throws {Error} with a sentence for a person when it cannot be run */
export async function spawnChild(
  plan: Plan,
  wrapping: Wrapping,
  outputFds: readonly [stdout: number, stderr: number],
  /** At the descriptors from 3 on. */
  more: readonly Covered[],
): Promise<Spawned> {
  if (!statSync(plan.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`workdir is not a directory: ${plan.cwd}`);
  }
  assertProgram(plan.file, plan.cwd, plan.env['PATH'] ?? '');
  const { file, args, env } = wrapped(plan, wrapping);
  const options = {
    cwd: plan.cwd,
    env,
    extendEnv: false,
    // A session and group of its own, so that all it starts can be signalled as one.
    detached: true,
    // execa takes any descriptor, its types name only 3 to 9.
    stdio: ['ignore', ...(outputFds as readonly [9, 9]), ...(more as readonly ('ignore' | 9)[])],
    cleanup: false,
    buffer: false,
    reject: false,
  } as const;
  const subprocess = execa(file, args, options);
  if (subprocess.pid === undefined) {
    const { code, originalMessage } = await subprocess;
    throw new Error(whyNotSpawned(plan.file, code, originalMessage));
  }
  const exited = new Promise<ProcessExit>((resolve) => {
    subprocess.nodeChildProcess.once('exit', (code, signal) => {
      resolve(wrapping.sandbox.length === 0 ? { code, signal } : seenThrough(code, signal));
    });
  });
  const unref = () => subprocess.nodeChildProcess.unref();
  return { identity: identityOf(subprocess.pid), exited, unref };
}

function whyNotSpawned(file: string, code: string | undefined, message: string | undefined): string {
  if (code === 'ENOENT') return `command not found: ${file}`;
  if (code === 'EACCES') return `not allowed to run: ${file}`;
  return `could not run ${file}: ${message ?? code ?? 'unknown reason'}`;
}

/** bwrap and runsc tell of a signal as a shell does, by 128 and its number. */
function seenThrough(code: number | null, signal: string | null): ProcessExit {
  const [name = null] = Object.entries(constants.signals).find(([, number]) => code === 128 + number) ?? [];
  return name === null ? { code, signal } : { code: null, signal: name };
}
