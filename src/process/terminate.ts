/**
 * Ends a process and all that it started: SIGTERM to the group, time to finish, SIGKILL to the group,
 * to what left the group, and to what left the family (found by its SOCKET_PATH). No pid is signalled
 * unless it is still the process with that start time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../core/instance.ts';
import type { Cgroup } from './cgroup/cgroup.ts';
import { killTree } from './kill-tree.ts';
import { family } from './port.ts';
import { groupMembers, identityOf, isAlive, readName, readStat, withEnvironmentEntry } from './proc.ts';
import { askContainer, RUNSC } from './runsc/ask-container.ts';

/** How often a group is looked at whose leader is gone but whose members are not. */
const POLL_MS = 15;
const BWRAP = 'bwrap';
/** After SIGKILL the kernel needs a moment; a process in uninterruptible sleep may need longer. */
const KILL_WAIT_MS = 5000;

export interface TerminateOptions {
  readonly leader: ProcessIdentity;
  /** Settles when the leader was reaped. */
  readonly exited: Promise<unknown>;
  /** `SOCKET_PATH=…`, by which those are found that left both group and family. */
  readonly marker: string;
  /** Aborts to cut the grace short. */
  readonly hurry: AbortSignal;
  readonly graceMs: number;
  /** All that it started, wherever it went; null where there are none. */
  readonly cgroup: Pick<Cgroup, 'kill' | 'pids' | 'freeze'> | null;
}

/** Settles when nothing is left. */
export async function terminateAll(options: TerminateOptions): Promise<void> {
  const { leader, hurry, graceMs } = options;
  const relatives = relativesOf(leader);
  if (graceMs > 0) {
    const deadline = AbortSignal.any([hurry, AbortSignal.timeout(graceMs)]);
    while (!askToEnd(leader) && !deadline.aborted) await pause(deadline);
    await gone(options, deadline);
  }
  await killLeft(options, relatives);
}

async function gone(options: TerminateOptions, deadline: AbortSignal): Promise<void> {
  const passed = new Promise<void>((resolve) => {
    if (deadline.aborted) resolve();
    deadline.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([options.exited, passed]);
  while (!deadline.aborted && groupLives(options.leader)) await pause(deadline);
}

async function pause(deadline: AbortSignal): Promise<void> {
  await delay(POLL_MS, undefined, { signal: deadline }).catch(() => {});
}

async function killLeft(options: TerminateOptions, relatives: readonly ProcessIdentity[]): Promise<void> {
  const { leader, marker, cgroup } = options;
  cgroup?.kill();
  const known = new Map([...relatives, ...relativesOf(leader)].map((one) => [one.pid, one]));
  if (isAlive(leader)) await killTree(leader.pid);
  const killOnce = () => {
    const group = groupLives(leader);
    if (group) signal(-leader.pid, 'SIGKILL');
    const inCgroup = killAll(cgroup);
    return killStrays(known, marker) || group || inCgroup;
  };
  await untilNone(killOnce);
  await Promise.race([options.exited, delay(KILL_WAIT_MS, undefined, { ref: false })]);
}

/**
 * Whether there was one. They are in a cgroup of ours, so that no other process can have such a pid. What forks all the
 * time would be gone before its turn came: it is halted meanwhile, and what was begun by then is seen by the second look.
 */
function killAll(cgroup: TerminateOptions['cgroup']): boolean {
  if (cgroup === null || livingIn(cgroup).length === 0) return false;
  cgroup.freeze(true);
  for (let look = 0; look < 2; look += 1) for (const pid of livingIn(cgroup)) signal(pid, 'SIGKILL');
  cgroup.freeze(false);
  return true;
}

function livingIn(cgroup: Pick<Cgroup, 'pids'>): number[] {
  return cgroup.pids().filter((pid) => readStat(pid)?.state !== 'Z');
}

/** Whether there was one. Whom the marker finds is known from then on: who is dying has no environment any more. */
function killStrays(known: Map<number, ProcessIdentity>, marker: string): boolean {
  for (const one of withEnvironmentEntry(marker)) known.set(one.pid, one);
  const strays = [...known.values()].filter(isAlive);
  for (const stray of strays) signal(stray.pid, 'SIGKILL');
  return strays.length > 0;
}

/** Again and again, since what is being killed may have just started another. */
async function untilNone(killSome: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + KILL_WAIT_MS;
  while (killSome() && performance.now() < deadlineMs) await delay(POLL_MS);
}

function relativesOf(leader: ProcessIdentity): ProcessIdentity[] {
  if (!isAlive(leader)) return [];
  return family(leader.pid)
    .filter((pid) => pid !== leader.pid)
    .map(identityOf);
}

/**
 * Whether the leader's group has a member that is not a zombie. The group's number is the leader's pid,
 * which is not given out again while the group has members: whoever has it now with another start time
 * leads another group.
 */
function groupLives(leader: ProcessIdentity): boolean {
  const holder = readStat(leader.pid);
  if (holder !== null && holder.startTicks !== leader.startTicks) return false;
  return groupMembers(leader.pid).length > 0;
}

/** Returns whether there was somebody to ask: there is nobody in a namespace that is still being made. */
function askToEnd(leader: ProcessIdentity): boolean {
  if (!groupLives(leader)) return true;
  const name = readName(leader.pid);
  if (name === RUNSC) {
    askContainer(leader);
    return true;
  }
  const asked = name === BWRAP ? insideOf(leader) : [-leader.pid];
  // A stopped process gets its SIGTERM only once it goes on.
  for (const pid of asked) for (const one of ['SIGTERM', 'SIGCONT'] as const) signal(pid, one);
  return asked.length > 0;
}

/**
 * What bwrap runs: neither itself, which would end at once and take the exit status with it, nor the one that it has
 * made the first process of the new namespace, which ends with the last of the others.
 */
function insideOf(leader: ProcessIdentity): number[] {
  const members = groupMembers(leader.pid).map(({ pid }) => pid);
  return members.filter((pid) => pid !== leader.pid && readStat(pid)?.ppid !== leader.pid);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
