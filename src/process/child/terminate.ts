/**
 * Ends a process and all that it started: SIGTERM to the group, time to finish, SIGKILL to the group,
 * to what left the group, and to what left the family (see `Members`). No pid is signalled unless it is
 * still the process with that start time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { turns } from '../../event-loop-turns.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { askContainer, RUNSC } from '../isolation/runsc/ask-container.ts';
import { isAlive, readName, readStat } from '../proc/proc.ts';
import { killTree } from './kill-tree.ts';
import { Members } from './members.ts';

/** Until a group is looked at again whose leader is gone but whose members are not; then twice as long, and so on. */
const POLL_MS = 15;
const POLLS_AT_LEAST_EVERY_MS = 250;
const BWRAP = 'bwrap';
/** After SIGKILL the kernel needs a moment; a process in uninterruptible sleep may need longer. */
const KILL_WAIT_MS = 5000;

export interface TerminateOptions {
  readonly leader: ProcessIdentity;
  /** Settles when the leader was reaped. */
  readonly exited: Promise<unknown>;
  /** Its `SOCKET_PATH`, by which those are found that left both group and family. */
  readonly socketPath: string;
  /** Aborts to cut the grace short. */
  readonly hurry: AbortSignal;
  readonly graceMs: number;
  /** All that it started, wherever it went; null where there are none. */
  readonly cgroup: Pick<Cgroup, 'kill' | 'pids' | 'freeze'> | null;
}

/** Settles when nothing is left. */
export async function terminateAll(options: TerminateOptions): Promise<void> {
  const { hurry, graceMs } = options;
  await turns.next();
  const members = await Members.of(options);
  if (graceMs > 0) {
    const deadline = AbortSignal.any([hurry, AbortSignal.timeout(graceMs)]);
    while (!(await askToEnd(options.leader, members)) && !deadline.aborted) await pause(POLL_MS, deadline);
    await gone(options, members, deadline);
    await turns.next();
  }
  await killLeft(options, members);
}

async function gone({ exited }: TerminateOptions, members: Members, deadline: AbortSignal): Promise<void> {
  const passed = new Promise<void>((resolve) => {
    if (deadline.aborted) resolve();
    deadline.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([exited, passed]);
  for (let ms = POLL_MS; !deadline.aborted && (await members.hasGroup()); ms *= 2) {
    await pause(Math.min(ms, POLLS_AT_LEAST_EVERY_MS), deadline);
  }
}

async function pause(ms: number, deadline: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: deadline }).catch(() => {});
}

/** Again and again, since what is being killed may have just started another. */
async function killLeft({ leader, cgroup, exited }: TerminateOptions, members: Members): Promise<void> {
  const deadlineMs = performance.now() + KILL_WAIT_MS;
  cgroup?.kill();
  if (isAlive(leader)) await killTree(leader.pid);
  while ((await killOnce(leader, cgroup, members)) && performance.now() < deadlineMs) await delay(POLL_MS);
  await Promise.race([exited, delay(KILL_WAIT_MS, undefined, { ref: false })]);
}

/** Returns whether there was one. */
async function killOnce(
  leader: ProcessIdentity,
  cgroup: TerminateOptions['cgroup'],
  members: Members,
): Promise<boolean> {
  if (mayHaveGroup(leader)) signal(-leader.pid, 'SIGKILL');
  const wasInCgroup = killAll(cgroup);
  const living = await members.living();
  for (const one of living) if (isAlive(one)) signal(one.pid, 'SIGKILL');
  return living.length > 0 || wasInCgroup;
}

/** Not when another process has its pid: then it has no group any more. */
function mayHaveGroup(leader: ProcessIdentity): boolean {
  const holder = readStat(leader.pid);
  return holder === null || holder.startTicks === leader.startTicks;
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

/** Returns whether there was somebody to ask: there is nobody in a namespace that is still being made. */
async function askToEnd(leader: ProcessIdentity, members: Members): Promise<boolean> {
  if (!(await members.hasGroup())) return true;
  const name = readName(leader.pid);
  if (name === RUNSC) {
    askContainer(leader);
    return true;
  }
  const asked = name === BWRAP ? await insideOf(leader, members) : [-leader.pid];
  // A stopped process gets its SIGTERM only once it goes on.
  for (const pid of asked) for (const one of ['SIGTERM', 'SIGCONT'] as const) signal(pid, one);
  return asked.length > 0;
}

/**
 * What bwrap runs: neither itself, which would end at once and take the exit status with it, nor the one that it has
 * made the first process of the new namespace, which ends with the last of the others.
 */
async function insideOf(leader: ProcessIdentity, members: Members): Promise<number[]> {
  const inside = (await members.inGroup()).filter(({ pid, ppid }) => pid !== leader.pid && ppid !== leader.pid);
  return inside.map(({ pid }) => pid);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
