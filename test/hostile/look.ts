/** Processes and sockets of the host, as root sees them. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Seen {
  readonly pid: number;
  readonly words: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
}

export function allProcesses(): Seen[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      pid: Number(pid),
      words: parts(`/proc/${pid}/cmdline`),
      environment: new Map(parts(`/proc/${pid}/environ`).map((entry) => splitOnce(entry))),
    }));
}

/** Lists processes with this argument, except zombies. */
export function withArgument(word: string): number[] {
  return allProcesses()
    .filter(({ words }) => words.includes(word))
    .map(({ pid }) => pid);
}

export function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has ended meanwhile.
    }
  }
}

/** Lists Unix sockets below a directory. */
export function socketsIn(dir: string): string[] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name));
  return names.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isSocket());
}

/** Settles with true once the condition holds, and with false after `ms`. */
export async function holdsWithin(ms: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadlineMs = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return true;
}

/** Polled, because nothing reports what another process does to the system. */
const LOOK_AGAIN_MS = 20;

function parts(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}
