/** What differs when npm or npx has started this process: the beginning of PATH, and whose end is its end. */
import { basename, delimiter, sep } from 'node:path';
import { identityOf, isAlive, readEnvironment, readStat } from '../proc/proc.ts';

/** npm sets these for what it runs (docs.npmjs.com/cli/using-npm/scripts, "Environment"). */
const MARKS = ['npm_lifecycle_event', 'npm_command', 'npm_execpath'];

const POLL_MS = 1000;

export function isOfNpm(env: NodeJS.ProcessEnv): boolean {
  return MARKS.some((name) => env[name] !== undefined);
}

/**
 * The environment with the user's own PATH. npm puts the programs of the packages of this directory and of all above it
 * first, and tenement's own Node may be among them: an application whose modules were compiled for another cannot run.
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
 * Calls `onGone` when npm, or a shell between it and this process, has ended: npm that is killed ends nothing of what it
 * runs. Does nothing where npm has not started this process.
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

/** The parent and those above it, up to the first that has nothing of npm in its environment: npm itself. */
function startersOf(parent: number): number[] {
  const pids: number[] = [];
  for (let pid = parent; pid > 1; pid = readStat(pid)?.ppid ?? 0) {
    pids.push(pid);
    if (!MARKS.some((name) => `\0${readEnvironment(pid)}`.includes(`\0${name}=`))) break;
  }
  return pids;
}
