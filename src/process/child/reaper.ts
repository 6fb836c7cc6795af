/**
 * Reaps orphans that became children of this process, which happens to the first process of a container. Nobody else
 * waits for them, and each would stay a zombie for ever. Node waits for each child that it started itself; those are
 * left to Node.
 */
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { loadExperimental } from '../../node/experimental.ts';
import { childrenOf } from '../proc/descendants.ts';
import { readStat } from '../proc/proc.ts';

/** Option of waitpid(2), the same on every Linux architecture. */
const WNOHANG = 1;
/** Orphans may end by the hundred; one look serves them all. */
const LOOK_AFTER_MS = 100;
/** Signals merge: an orphan that ends while another one is reaped may raise no SIGCHLD. */
const LOOK_EVERY_MS = 10_000;
const FIRST_PROCESS = 1;

type Wait = (pid: number) => number;

/**
 * Starts reaping; call it before any child is started. Does nothing when this process gets no orphans, or without
 * node:ffi, which comes with Node 26.1.
 */
export function reapOrphans(): void {
  if (process.pid !== FIRST_PROCESS) return;
  const wait = loadWait();
  if (wait !== null) new Reaper(wait).start();
}

class Reaper {
  private readonly wait: Wait;
  private readonly own = new Set<ChildProcess>();
  private looking: NodeJS.Timeout | null = null;

  constructor(wait: Wait) {
    this.wait = wait;
  }

  start(): void {
    subscribe('child_process', (message) => this.spawned((message as { process: ChildProcess }).process));
    process.on('SIGCHLD', () => this.lookSoon());
    setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  private spawned(child: ChildProcess): void {
    this.own.add(child);
    child.once('exit', () => this.own.delete(child));
    child.once('error', () => child.pid === undefined && this.own.delete(child));
  }

  private lookSoon(): void {
    this.looking ??= setTimeout(() => this.look(), LOOK_AFTER_MS).unref();
  }

  private look(): void {
    this.looking = null;
    const own = new Set(Array.from(this.own, ({ pid }) => pid));
    for (const pid of childrenOf(process.pid)) {
      if (!own.has(pid) && readStat(pid)?.state === 'Z') this.wait(pid);
    }
  }
}

function loadWait(): Wait | null {
  // The status pointer is always null, so i64 stands for it.
  const types = ['i32', 'i64', 'i32'] as const;
  // Node 26.1 named these two keys differently.
  const signature = { arguments: types, return: 'i32', parameters: types, result: 'i32' } as const;
  try {
    const { functions } = loadExperimental('node:ffi').dlopen(null, { waitpid: signature });
    return (pid) => Number(functions.waitpid(pid, 0n, WNOHANG));
  } catch {
    return null;
  }
}
