/** What /proc tells of processes. On a system without it the answers are empty. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import { withReserve } from './reserve.ts';

/** Fields 22 and 31 of /proc/PID/stat, the third being the first that is read. */
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
}

/** null when there is no such process. */
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
  };
}

/** Of /proc/PID/stat, from the third on (proc(5) counts from 1); null when there is no such process. */
function statFields(pid: number): string[] | null {
  try {
    const text = withReserve(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Of the program that it runs, 15 characters at most; '' when it is gone. */
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

/** Whether that process, and not a later one with its pid, still runs (a zombie does not). */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  return stat !== null && stat.state !== 'Z' && stat.startTicks === identity.startTicks;
}

/** Bit 0 of a set of signals is signal 1. */
const SIGKILL_BIT = 1 << 8;

/** Whether that process was sent a SIGKILL that it has not taken yet: the kernel puts one into the set of each thread. */
export function isSigkillPending({ pid, startTicks }: ProcessIdentity): boolean {
  const fields = statFields(pid);
  if (fields === null || Number(fields[START_TICKS]) !== startTicks) return false;
  return (Number(fields[PENDING_SIGNALS]) & SIGKILL_BIT) !== 0;
}

/** What it has open; none when we may not know. */
export function descriptorsOf(pid: number): number[] {
  try {
    return withReserve(() => readdirSync(`/proc/${pid}/fd`)).map(Number);
  } catch {
    return [];
  }
}

/** What is open there: a path, or `socket:[INODE]`; '' when it was closed meanwhile. */
export function openedAs(pid: number, fd: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}

/** `NAME=value` entries, each ended by a NUL; '' when we may not know. */
export function readEnvironment(pid: number): string {
  try {
    return withReserve(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  } catch {
    return '';
  }
}
