/** Turns a spare shell into a child with a session, a clean environment and output of its own. */
import { constants } from 'node:os';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { ProcessExit } from '../../core/ports.ts';
import { identityOf } from '../proc/proc.ts';
import { lookAt } from '../storage/files.ts';
import type { LaunchSpec } from './launch-spec.ts';
import type { Shell } from './spare-shells.ts';
import { assertProgram, scriptFor, type Wrapping } from './wrapper.ts';

export interface Spawned {
  readonly identity: ProcessIdentity;
  /** Settles when the process was reaped. */
  readonly exited: Promise<ProcessExit>;
  /** Lets this process end without waiting for the child. */
  unref(): void;
}

/** @throws {Error} with a sentence for a person when the working directory or the program cannot be used */
export function assertRunnable({ file, cwd, env }: LaunchSpec): void {
  assertWorkdir(cwd);
  assertProgram(file, cwd, env['PATH'] ?? '');
}

/** @throws {Error} with a sentence for a person when `cwd` is not a directory */
export function assertWorkdir(cwd: string): void {
  if (lookAt(cwd)?.isDirectory() !== true) {
    throw new Error(`workdir is not a directory: ${cwd}`);
  }
}

/** @throws {Error} with a sentence for a person; the shell has then been given no script */
export function spawnChild({ process, pid, run }: Shell, spec: LaunchSpec, wrapping: Wrapping): Spawned {
  const script = scriptFor(spec, wrapping);
  const exited = new Promise<ProcessExit>((resolve) => {
    process.once('exit', (code, signal) => {
      resolve(wrapping.sandbox.length === 0 ? { code, signal } : exitFromStatus(code, signal));
    });
  });
  const identity = identityOf(pid);
  run(script);
  return { identity, exited, unref: () => process.unref() };
}

/** bwrap and runsc report a signal as a shell does: exit status 128 plus its number. */
function exitFromStatus(code: number | null, signal: string | null): ProcessExit {
  const [name = null] = Object.entries(constants.signals).find(([, number]) => code === 128 + number) ?? [];
  return name === null ? { code, signal } : { code: null, signal: name };
}
