/** What /proc tells of processes. On a system without it the answers are empty. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from '../core/instance.ts';
import { withReserve } from './reserve.ts';

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
  let text: string;
  try {
    text = withReserve(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '',
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
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

/** Bits of the sets of signals in /proc/PID/status: bit 0 is signal 1. */
const SIGKILL_BIT = 1n << 8n;

/** Whether it was sent a SIGKILL that it has not taken yet. */
export function isSigkillPending(pid: number): boolean {
  try {
    const status = withReserve(() => readFileSync(`/proc/${pid}/status`, 'latin1'));
    // Of the thread, and of the whole process.
    const sets = status.matchAll(/^(?:SigPnd|ShdPnd):\t([0-9a-f]+)$/gm);
    return [...sets].some(([, set]) => (BigInt(`0x${set}`) & SIGKILL_BIT) !== 0n);
  } catch {
    return false;
  }
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
