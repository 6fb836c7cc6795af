/**
 * Watches for the end of a process that is not a child of this one: an earlier server started it, so its exit status
 * goes to init. Its output ends when it does. Where another process holds the output open, a look at /proc finds the
 * end.
 */
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { ProcessExit } from '../../core/ports.ts';
import { isAlive } from '../proc/proc.ts';

const LOOK_MS = 500;
/** A process closes its descriptors a moment before it becomes a zombie. */
const ENDING_LOOK_MS = 5;
const ENDING_LOOKS = 40;

export interface ExitWatch {
  readonly exited: Promise<ProcessExit>;
  /** Looks at once. */
  look(): void;
}

export function watchExit(identity: ProcessIdentity, outputEnded: Promise<void>): ExitWatch {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (!isAlive(identity)) resolve();
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  void outputEnded.then(() => lookOften(look));
  const exited = promise.then(() => {
    clearInterval(timer);
    return { code: null, signal: null };
  });
  return { exited, look };
}

function lookOften(look: () => void): void {
  let left = ENDING_LOOKS;
  const timer = setInterval(() => {
    look();
    left -= 1;
    if (left === 0) clearInterval(timer);
  }, ENDING_LOOK_MS);
  timer.unref();
}
