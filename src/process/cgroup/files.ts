/** Control files of cgroups: small texts that the kernel generates. */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { withReserve } from '../proc/reserve.ts';

/** Returns the text; null when the file is missing or may not be read. */
export function readControl(path: string): string | null {
  try {
    return withReserve(() => readFileSync(path, 'latin1'));
  } catch {
    return null;
  }
}

/**
 * Opens existing files only, and not for reading: `cgroup.kill` and `memory.reclaim` have mode 0200, so that only root
 * could open them for reading and writing.
 */
const WRITE = constants.O_WRONLY;

/** @throws {Error} when the file is missing or the kernel rejects the text */
export function writeControl(path: string, text: string): void {
  const fd = withReserve(() => openSync(path, WRITE));
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Returns whether the kernel accepted the text. */
export function tryWriteControl(path: string, text: string): boolean {
  try {
    writeControl(path, text);
    return true;
  } catch {
    return false;
  }
}

/** Like `tryWriteControl`, off the event loop, for writes that take the kernel some time. */
export async function writeSlowControl(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, WRITE);
    await file.write(text).finally(() => file.close());
    return true;
  } catch {
    return false;
  }
}

/** Reads a single number; null for `max` and for a missing file. */
export function readNumber(path: string): number | null {
  const number = Number.parseInt(readControl(path) ?? '', 10);
  return Number.isNaN(number) ? null : number;
}

/** Reads the number after `key` in a file of lines `key number`; null when there is none. */
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
