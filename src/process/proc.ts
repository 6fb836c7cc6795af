/** What /proc tells of processes. On a system without it the answers are empty. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from '../core/instance.ts';

export interface ProcStat {
  readonly pid: number;
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  /** Clock ticks since boot, field 22 (proc(5)). */
  readonly startTicks: number;
}

/** null when there is no such process. */
export function readStat(pid: number): ProcStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
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
    startTicks: Number(fields[19]),
  };
}

/** Of the program that it runs, 15 characters at most; '' when it is gone. */
export function readName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd();
  } catch {
    return '';
  }
}

export function allPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
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

/** What it has open; none when we may not know. */
export function descriptorsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
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

/** Members of a process group that are not zombies. */
export function groupMembers(pgrp: number): ProcessIdentity[] {
  return allPids()
    .map(readStat)
    .filter((stat) => stat !== null && stat.pgrp === pgrp && stat.state !== 'Z')
    .map((stat) => ({ pid: stat?.pid ?? 0, startTicks: stat?.startTicks ?? null }));
}

/** Processes whose environment holds exactly this entry, `NAME=value`. */
export function withEnvironmentEntry(entry: string): ProcessIdentity[] {
  const needle = `\0${entry}\0`;
  return allPids()
    .filter((pid) => `\0${readEnvironment(pid)}`.includes(needle))
    .map(identityOf);
}

/** The environments of all processes that we may read. */
export function allEnvironments(): { identity: ProcessIdentity; entries: readonly string[] }[] {
  return allPids()
    .map((pid) => ({ pid, entries: readEnvironment(pid).split('\0') }))
    .filter(({ entries }) => entries.length > 1)
    .map(({ pid, entries }) => ({ identity: identityOf(pid), entries }));
}

function readEnvironment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
