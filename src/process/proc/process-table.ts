/**
 * All processes at one moment. The look at them is taken in pieces, so that it holds nobody up, and shared by all who ask
 * for it at about the same time.
 */
import { readdir } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { type ProcStat, readEnvironment, readStat } from './proc.ts';
import { SharedLook } from './shared-look.ts';

/** How long the event loop is kept at a time. */
const TURN_MS = 4;

export interface Marked extends ProcStat {
  /** Its `SOCKET_PATH`, as it was started with; null when it has none, or we may not know. */
  readonly socketPath: string | null;
  /** Its `DATA_DIR`, of those that have a `SOCKET_PATH`. */
  readonly dataDir: string | null;
}

export class ProcessTable {
  private readonly all: readonly Marked[];
  private readonly byParent: ReadonlyMap<number, Marked[]>;
  private readonly bySocketPath: ReadonlyMap<string | null, Marked[]>;

  constructor(all: readonly Marked[]) {
    this.all = all.filter(({ state }) => state !== 'Z');
    this.byParent = Map.groupBy(this.all, ({ ppid }) => ppid);
    this.bySocketPath = Map.groupBy(this.all, ({ socketPath }) => socketPath);
  }

  /**
   * Its group, its session and all their descendants, itself among them. Both numbers are its pid, which is not given
   * out again while they have members: if a process has that pid now with another start time, they are that one's.
   */
  familyOf(leader: ProcessIdentity): ProcessIdentity[] {
    const holder = this.all.find(({ pid }) => pid === leader.pid);
    if (holder !== undefined && holder.startTicks !== leader.startTicks) return [];
    const family = new Set(this.all.filter(({ pgrp, session }) => pgrp === leader.pid || session === leader.pid));
    // A Set is iterated over what is added meanwhile, too.
    for (const { pid } of family) for (const child of this.byParent.get(pid) ?? []) family.add(child);
    return [...family];
  }

  /** Those that were started to bind that path, wherever they went. */
  boundTo(socketPath: string): readonly Marked[] {
    return this.bySocketPath.get(socketPath) ?? [];
  }

  /** All that were started to bind some path. */
  marked(): Marked[] {
    return this.all.filter(({ socketPath }) => socketPath !== null);
  }
}

const looks = new SharedLook(async () => new ProcessTable(await inTurns(readMarked)));

/** The processes at a moment after this was asked. */
export function lookAtProcesses(): Promise<ProcessTable> {
  return looks.next();
}

const statLooks = new SharedLook(() => inTurns(readStat));

/** The same without their environments, and with zombies. */
export function lookAtStats(): Promise<readonly ProcStat[]> {
  return statLooks.next();
}

/** What `read` says of each process; null is left out. */
async function inTurns<Entry>(read: (pid: number) => Entry | null): Promise<Entry[]> {
  const found: Entry[] = [];
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

/** Of `NAME=value` entries, each ended by a NUL. */
function valueIn(environment: string, name: string): string | null {
  const [, value = null] = environment.split(`\0${name}=`, 2);
  return value?.split('\0', 1)[0] ?? null;
}
