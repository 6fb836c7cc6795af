/**
 * Ends a process and all that it started: SIGTERM to the group, time to finish, then SIGKILL to the group, to
 * descendants that left the group, and to processes that left the family (see `Members`). A pid is signalled only while
 * it belongs to the process with the recorded start time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { turns } from '../../node/event-loop-turns.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { askContainer, RUNSC } from '../isolation/runsc/ask-container.ts';
import { isAlive, readName, readStat } from '../proc/proc.ts';
import { killTree } from './kill-tree.ts';
import { Members } from './members.ts';

/** Delay before looking again at a group whose leader is gone; it doubles with each look. */
const POLL_MS = 15;
const POLLS_AT_LEAST_EVERY_MS = 250;
const BWRAP = 'bwrap';
/** The kernel needs a moment after SIGKILL; a process in uninterruptible sleep may need longer. */
const KILL_WAIT_MS = 5000;

export interface TerminateOptions {
  readonly leader: ProcessIdentity;
  /** Settles when the leader was reaped. */
  readonly exited: Promise<unknown>;
  /** The leader's `SOCKET_PATH`, which finds processes that left both group and family. */
  readonly socketPath: string;
  /** Aborted to cut the grace short. */
  readonly hurry: AbortSignal;
  readonly graceMs: number;
  /** Holds all that the leader started, wherever it went; null without cgroups. */
  readonly cgroup: Pick<Cgroup, 'kill' | 'pids' | 'freeze'> | null;
}

/** Settles when no process is left. */
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

/** Kills repeatedly, because a process that is being killed may just have started another. */
async function killLeft({ leader, cgroup, exited }: TerminateOptions, members: Members): Promise<void> {
  const deadlineMs = performance.now() + KILL_WAIT_MS;
  cgroup?.kill();
  // Needed where there is no /proc (macOS, BSD): Members knows only the process group there.
  if (isAlive(leader)) await killTree(leader.pid);
  while ((await killOnce(leader, cgroup, members)) && performance.now() < deadlineMs) await delay(POLL_MS);
  await Promise.race([exited, delay(KILL_WAIT_MS, undefined, { ref: false })]);
}

/** Returns whether any process was left. */
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

/** False when another process has the leader's pid: the leader's group is then gone. */
function mayHaveGroup(leader: ProcessIdentity): boolean {
  const holder = readStat(leader.pid);
  return holder === null || holder.startTicks === leader.startTicks;
}

/**
 * Kills everything in the cgroup; returns whether it held a process. Only members can have these pids, because the
 * cgroup is the instance's own. A fork bomb would outrun its pids, so the cgroup is frozen meanwhile, and a second look
 * finds forks that were under way.
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

/** Returns whether any process could be asked. A namespace that is still being made holds none. */
async function askToEnd(leader: ProcessIdentity, members: Members): Promise<boolean> {
  if (!(await members.hasGroup())) return true;
  const name = readName(leader.pid);
  if (name === RUNSC) {
    askContainer(leader);
    return true;
  }
  const asked = name === BWRAP ? await insideOf(leader, members) : [-leader.pid];
  // A stopped process gets its SIGTERM only once it continues.
  for (const pid of asked) for (const one of ['SIGTERM', 'SIGCONT'] as const) signal(pid, one);
  return asked.length > 0;
}

/**
 * Lists the processes that bwrap runs. Left out are bwrap itself, which would end at once and lose the exit status, and
 * the first process of its namespace, which ends with the last of the others.
 */
async function insideOf(leader: ProcessIdentity, members: Members): Promise<number[]> {
  const inside = (await members.inGroup()).filter(({ pid, ppid }) => pid !== leader.pid && ppid !== leader.pid);
  return inside.map(({ pid }) => pid);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process is gone already.
  }
}
