/** Reads /proc. On a system without it the answers are empty. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { withReserve } from './reserve.ts';

/** Fields 16, 17, 22 and 31 of /proc/PID/stat as indices, where index 0 is the third field. */
const WAITED_USER_TICKS = 13;
const WAITED_SYSTEM_TICKS = 14;
const START_TICKS = 19;
const PENDING_SIGNALS = 28;

export interface ProcStat {
  readonly pid: number;
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** Clock ticks since boot, field 22 (proc(5)). */
  readonly startTicks: number;
  /** Processor time of ended children that it has waited for, in clock ticks: fields 16 and 17. */
  readonly waitedTicks: number;
}

/** Returns null when there is no such process. */
export function readStat(pid: number): ProcStat | null {
  const fields = statFields(pid);
  if (fields === null) return null;
  return {
    pid,
    state: fields[0] ?? '',
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: Number(fields[START_TICKS]),
    waitedTicks: Number(fields[WAITED_USER_TICKS]) + Number(fields[WAITED_SYSTEM_TICKS]),
  };
}

/** Fields of /proc/PID/stat from the third on (proc(5) counts from 1); null when there is no such process. */
function statFields(pid: number): string[] | null {
  try {
    const text = withReserve(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
    // The second field is the command in parentheses, and may itself contain spaces and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Returns the name of the program, at most 15 characters; '' when the process is gone. */
export function readName(pid: number): string {
  try {
    return withReserve(() => readFileSync(`/proc/${pid}/comm`, 'latin1')).trimEnd();
  } catch {
    return '';
  }
}

export function allPids(): number[] {
  try {
    return withReserve(() => readdirSync('/proc'))
      .map(Number)
      .filter(Number.isInteger);
  } catch {
    return [];
  }
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: readStat(pid)?.startTicks ?? null };
}

/** Whether this process runs, and not a later one with its pid. A zombie does not run. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  return stat !== null && stat.state !== 'Z' && stat.startTicks === identity.startTicks;
}

/** Bit 0 of a signal set is signal 1. */
const SIGKILL_BIT = 1 << 8;

/** Whether a process has a SIGKILL pending: the kernel puts one into the set of each thread. */
export function isSigkillPending({ pid, startTicks }: ProcessIdentity): boolean {
  const fields = statFields(pid);
  if (fields === null || Number(fields[START_TICKS]) !== startTicks) return false;
  return (Number(fields[PENDING_SIGNALS]) & SIGKILL_BIT) !== 0;
}

/** Lists descriptors of a process; empty when that is not permitted. */
export function descriptorsOf(pid: number): number[] {
  try {
    return withReserve(() => readdirSync(`/proc/${pid}/fd`)).map(Number);
  } catch {
    return [];
  }
}

/** Returns what is open at a descriptor: a path, or `socket:[INODE]`; '' when it was closed meanwhile. */
export function openedAs(pid: number, fd: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Returns `NAME=value` entries, each ended by a NUL; '' when that is not permitted. */
export function readEnvironment(pid: number): string {
  try {
    return withReserve(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  } catch {
    return '';
  }
}
