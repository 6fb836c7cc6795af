/**
 * All processes at one moment. The table is read in pieces, so that it does not block the event loop, and shared by all
 * callers that ask at about the same time.
 */
import { readdir } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { type ProcStat, readEnvironment, readStat } from './proc.ts';
import { SharedLook } from './shared-look.ts';

/** How long the event loop is occupied at a time. */
const TURN_MS = 4;

export interface Marked extends ProcStat {
  /** `SOCKET_PATH` that it was started with; null when it has none, or its environment may not be read. */
  readonly socketPath: string | null;
  /** `DATA_DIR` of a process that has a `SOCKET_PATH`. */
  readonly dataDir: string | null;
}

export class ProcessSnapshot {
  private readonly all: readonly Marked[];
  private readonly byParent: ReadonlyMap<number, Marked[]>;
  private readonly bySocketPath: ReadonlyMap<string | null, Marked[]>;

  constructor(all: readonly Marked[]) {
    this.all = all.filter(({ state }) => state !== 'Z');
    this.byParent = Map.groupBy(this.all, ({ ppid }) => ppid);
    this.bySocketPath = Map.groupBy(this.all, ({ socketPath }) => socketPath);
  }

  /**
   * Lists the leader's group, its session and all their descendants, itself included. The numbers of group and session
   * are the leader's pid, which the kernel does not reuse while they have members. So if another process has the pid
   * now, the group and the session are that one's.
   */
  familyOf(leader: ProcessIdentity): ProcessIdentity[] {
    const holder = this.all.find(({ pid }) => pid === leader.pid);
    if (holder !== undefined && holder.startTicks !== leader.startTicks) return [];
    const family = new Set(this.all.filter(({ pgrp, session }) => pgrp === leader.pid || session === leader.pid));
    // Iterating over a Set includes entries that are added meanwhile.
    for (const { pid } of family) for (const child of this.byParent.get(pid) ?? []) family.add(child);
    return [...family];
  }

  /** Lists processes that were started to bind a path, wherever they went. */
  boundTo(socketPath: string): readonly Marked[] {
    return this.bySocketPath.get(socketPath) ?? [];
  }

  /** Lists processes that were started to bind any path. */
  marked(): Marked[] {
    return this.all.filter(({ socketPath }) => socketPath !== null);
  }
}

const looks = new SharedLook(async () => new ProcessSnapshot(await inTurns(readMarked)));

/** Reads the table at a moment after this call. */
export function lookAtProcesses(): Promise<ProcessSnapshot> {
  return looks.next();
}

const statLooks = new SharedLook(() => inTurns(readStat));

/** Reads all processes without their environments, zombies included, at a moment after this call. */
export function lookAtStats(): Promise<readonly ProcStat[]> {
  return statLooks.next();
}

/** Reads each process; null results are left out. */
async function inTurns<Row>(read: (pid: number) => Row | null): Promise<Row[]> {
  const found: Row[] = [];
  let endsAtMs = performance.now() + TURN_MS;
  for (const name of await readdir('/proc').catch(() => [])) {
    const entry = Number.isInteger(Number(name)) ? read(Number(name)) : null;
    if (entry !== null) found.push(entry);
    if (performance.now() < endsAtMs) continue;
    await nextTurn();
    endsAtMs = performance.now() + TURN_MS;
  }
  return found;
}

function readMarked(pid: number): Marked | null {
  const stat = readStat(pid);
  if (stat === null) return null;
  const environment = stat.state === 'Z' ? '' : `\0${readEnvironment(pid)}`;
  const socketPath = valueIn(environment, 'SOCKET_PATH');
  return { ...stat, socketPath, dataDir: socketPath === null ? null : valueIn(environment, 'DATA_DIR') };
}

/** Finds a value among `NAME=value` entries, each ended by a NUL. */
function valueIn(environment: string, name: string): string | null {
  const [, value = null] = environment.split(`\0${name}=`, 2);
  return value?.split('\0', 1)[0] ?? null;
}
