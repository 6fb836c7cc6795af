/**
 * Duplicates a descriptor of another process with pidfd_getfd(2), for which Node has no function. The call goes through
 * node:ffi, which is experimental and comes with Node 26.1. Without node:ffi, or without the right to trace the process
 * (ptrace(2), "Ptrace access mode checking"), there is no duplicate.
 */
import { closeSync } from 'node:fs';
import { loadExperimental } from '../../node/experimental.ts';

/** The same numbers on every architecture (include/uapi/asm-generic/unistd.h). */
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

type SystemCall = (number: bigint, first: bigint, second: bigint, third: bigint) => bigint;

let systemCall: SystemCall | null | undefined;

/**
 * Duplicates descriptor `fd` of a process; null when that fails. The duplicate is closed on exec; the caller closes it.
 */
export function duplicateOf(pid: number, fd: number): number | null {
  systemCall ??= loadSystemCall();
  if (systemCall === null) return null;
  const pidfd = Number(systemCall(BigInt(PIDFD_OPEN), BigInt(pid), 0n, 0n));
  if (pidfd < 0) return null;
  const duplicate = Number(systemCall(BigInt(PIDFD_GETFD), BigInt(pidfd), BigInt(fd), 0n));
  closeSync(pidfd);
  return duplicate < 0 ? null : duplicate;
}

/** Whether this Node can make the call. */
export function canDuplicate(): boolean {
  systemCall ??= loadSystemCall();
  return systemCall !== null;
}

function loadSystemCall(): SystemCall | null {
  if (process.platform !== 'linux') return null;
  const whole = ['i64', 'i64', 'i64', 'i64'] as const;
  // Node 26.1 named these two keys differently.
  const signature = { arguments: whole, return: 'i64', parameters: whole, result: 'i64' } as const;
  try {
    const { functions } = loadExperimental('node:ffi').dlopen(null, { syscall: signature });
    return functions.syscall;
  } catch {
    return null;
  }
}
