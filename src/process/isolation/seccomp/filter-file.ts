/**
 * The filter as a file without a name, because bwrap(1) reads it from a descriptor. No tenant can open it, and it
 * leaves nothing behind. Each start opens it anew, so that no two share a file offset.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { filterFor } from './filter.ts';

/** null without a filter for this machine's architecture. */
export const FILTER = filterFor(process.arch);

export class FilterFile {
  private readonly dir: string;
  private fd: number | null = null;

  /** @param dir where the file is made when it is first needed */
  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * Returns a path by which a process of the same user opens the file while this process lives; null without a filter.
   * @throws {Error} when the file cannot be made
   */
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
