/**
 * What differs when npm or npx has started this process: the start of PATH, and the process whose end ends this one.
 */
import { basename, delimiter, sep } from 'node:path';
import { identityOf, isAlive, readEnvironment, readStat } from '../proc/proc.ts';

/** Variables that npm sets for the programs that it runs (docs.npmjs.com/cli/using-npm/scripts, "Environment"). */
const MARKS = ['npm_lifecycle_event', 'npm_command', 'npm_execpath'];

const POLL_MS = 1000;

export function isOfNpm(env: NodeJS.ProcessEnv): boolean {
  return MARKS.some((name) => env[name] !== undefined);
}

/**
 * Returns the environment with the user's own PATH. npm prepends the programs of the packages of this directory and of
 * all above it. tenement's own Node may be among them, and an application whose modules were compiled for another Node
 * cannot run with it.
 */
export function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = env['PATH'];
  if (path === undefined || !isOfNpm(env)) return env;
  const dirs = path.split(delimiter);
  const own = dirs.findIndex((dir) => !isOfPackages(dir));
  return own <= 0 ? env : { ...env, PATH: dirs.slice(own).join(delimiter) };
}

function isOfPackages(dir: string): boolean {
  return dir.endsWith(`${sep}node_modules${sep}.bin`) || basename(dir) === 'node-gyp-bin';
}

/**
 * Calls `onGone` when npm, or a shell between npm and this process, has ended. A killed npm does not end the programs
 * that it runs. Does nothing when npm has not started this process.
 */
export function watchNpm(env: NodeJS.ProcessEnv, onGone: () => void): void {
  if (!isOfNpm(env)) return;
  const starters = startersOf(process.ppid).map(identityOf);
  const timer = setInterval(() => {
    if (starters.every(isAlive)) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS).unref();
}

/** The parent and its ancestors, up to the first without npm's variables in its environment, which is npm itself. */
function startersOf(parent: number): number[] {
  const pids: number[] = [];
  for (let pid = parent; pid > 1; pid = readStat(pid)?.ppid ?? 0) {
    pids.push(pid);
    if (!MARKS.some((name) => `\0${readEnvironment(pid)}`.includes(`\0${name}=`))) break;
  }
  return pids;
}
