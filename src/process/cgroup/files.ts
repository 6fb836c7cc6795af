/** Control files of cgroups: small texts that the kernel makes up. */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { withReserve } from '../proc/reserve.ts';

/** null when it is not there or may not be read. */
export function readControl(path: string): string | null {
  try {
    return withReserve(() => readFileSync(path, 'latin1'));
  } catch {
    return null;
  }
}

/**
 * Only into one that is there: opening must not create. And not for reading: `cgroup.kill` and `memory.reclaim` have mode
 * 0200, which is refused to any other user than root, their owner too.
 */
const WRITE = constants.O_WRONLY;

/** @throws {Error} */
export function writeControl(path: string, text: string): void {
  const fd = withReserve(() => openSync(path, WRITE));
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Returns whether the kernel took it. */
export function tryWriteControl(path: string, text: string): boolean {
  try {
    writeControl(path, text);
    return true;
  } catch {
    return false;
  }
}

/** As `tryWriteControl`, for what takes the kernel some time. */
export async function writeSlowControl(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, WRITE);
    await file.write(text).finally(() => file.close());
    return true;
  } catch {
    return false;
  }
}

/** A single number; null for `max` and where there is none. */
export function readNumber(path: string): number | null {
  const number = Number.parseInt(readControl(path) ?? '', 10);
  return Number.isNaN(number) ? null : number;
}

/** The number after `key` in a file of lines `key number`. */
export function readKeyed(path: string, key: string): number | null {
  for (const line of (readControl(path) ?? '').split('\n')) {
    const [name, value] = line.split(' ');
    if (name === key) return Number(value);
  }
  return null;
}

export function readPids(path: string): number[] {
  return (readControl(path) ?? '').split('\n').filter(Boolean).map(Number);
}
