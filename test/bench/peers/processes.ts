/** The processes of a peer, found by the path of its directory. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const GRACE_MS = 5000;
const LOOK_EVERY_MS = 5;

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Arguments and environment at the start of the process. */
  readonly words: string;
}

/** Lists processes whose words contain the text, and all their descendants. */
export function processesOf(text: string): readonly number[] {
  const all = running();
  const found = new Set(all.filter(({ words }) => words.includes(text)).map(({ pid }) => pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** @throws {Error} when the processes are not gone in time */
export async function goneWithin(text: string, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (processesOf(text).length > 0) {
    if (performance.now() > deadline) throw new Error(`processes of ${text} do not end`);
    await delay(LOOK_EVERY_MS);
  }
}

/** Sends SIGTERM, then SIGKILL to the remaining processes. */
export async function endAll(text: string): Promise<void> {
  signal(processesOf(text), 'SIGTERM');
  await goneWithin(text, GRACE_MS).catch(() => killAll(text));
}

/** Kills the processes at once. They are stopped first, so that none starts another meanwhile. */
export function killAll(text: string): void {
  const pids = processesOf(text);
  signal(pids, 'SIGSTOP');
  signal(pids, 'SIGKILL');
}

/** The memory in MB. */
export function proportionalSetSize(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // The process has ended meanwhile.
    }
  }
}

function running(): readonly Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((name) => {
    const stat = read(`/proc/${name}/stat`);
    const [state = 'Z', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if ('ZX'.includes(state)) return [];
    const words = `${read(`/proc/${name}/cmdline`)}\0${read(`/proc/${name}/environ`)}`;
    return [{ pid: Number(name), parent: Number(parent), words }];
  });
}

/** Returns an empty text when the process is gone. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
