/**
 * The filter as a file without a name, since bwrap(1) reads it from a descriptor: no tenant can open it, and nothing is
 * left behind. Each start opens it anew, so that no two read on from one place.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { filterFor } from './filter.ts';

/** null where there is none for this machine's architecture. */
export const FILTER = filterFor(process.arch);

export class FilterFile {
  private readonly dir: string;
  private fd: number | null = null;

  /** @param dir where it is made when it is first needed */
  constructor(dir: string) {
    this.dir = dir;
  }

  /** Where a process of the same user opens it, while this one lives; null where there is no filter. @throws {Error} */
  path(): string | null {
    if (FILTER === null) return null;
    this.fd ??= this.make(FILTER);
    return `/proc/${process.pid}/fd/${this.fd}`;
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }

  private make(filter: Buffer): number {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const path = join(this.dir, `filter-${randomUUID()}`);
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    writeSync(fd, filter);
    return fd;
  }
}
