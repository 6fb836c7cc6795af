/**
 * Sees the end of a process that is not our child: an earlier server started it, so its exit status goes to
 * init. Its output ends with it, at once; where something else still holds that, a look at /proc tells.
 */
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { ProcessExit } from '../../core/ports.ts';
import { isAlive } from '../proc/proc.ts';

const LOOK_MS = 500;
/** Its descriptors are closed a moment before it is a zombie. */
const ENDING_LOOK_MS = 5;
const ENDING_LOOKS = 40;

export interface ExitWatch {
  readonly exited: Promise<ProcessExit>;
  /** Looks now. */
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
