/**
 * Log files of instances: `{dir}/{service}/{id}.log` and, rotated, `.log.1`. The server and the command line read them
 * here; log-writer.ts writes them.
 */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LogReader, matchesFilter } from '../../core/input/log-format.ts';
import { type InstanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import type { LogFilter, LogLine } from '../../core/stores/log-store.ts';

/** How much of a file `readLastLines` reads. */
const LAST_LINES_BYTES = 16 * 1024;

export function logPath(dir: string, instance: InstanceName): string {
  const { service, tenantId } = parseInstanceName(instance);
  return join(dir, service, `${tenantId}.log`);
}

/** Returns the path of the older file, which precedes the current one. */
export function rotatedPath(path: string): string {
  return `${path}.1`;
}

/** Reads both files in pieces, so that a long log does not block the event loop. */
export async function readLogFiles(dir: string, instance: InstanceName, filter: LogFilter): Promise<LogLine[]> {
  const path = logPath(dir, instance);
  const reader = new LogReader();
  const kept = new Tail(filter);
  for (const file of [rotatedPath(path), path]) {
    for await (const piece of piecesOf(file)) kept.add(reader.push(piece));
  }
  kept.add(reader.end());
  return kept.lines();
}

/** Reads the last lines of the current file, without the rest. Empty without a file. */
export function readLastLines(path: string, count: number): string[] {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, LAST_LINES_BYTES));
    const length = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    const reader = new LogReader();
    const lines = [...reader.push(bytes.toString('utf8', 0, length)), ...reader.end()];
    return lines.slice(-count).map(({ text }) => text);
  } catch {
    return [];
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

export async function removeLogFiles(dir: string, instance: InstanceName): Promise<void> {
  const path = logPath(dir, instance);
  await Promise.all([rm(path, { force: true }), rm(rotatedPath(path), { force: true })]);
}

/** Keeps the lines that match a filter, at most as many as its `tail`. */
class Tail {
  private readonly filter: LogFilter;
  private readonly limit: number;
  private kept: LogLine[] = [];

  constructor(filter: LogFilter) {
    this.filter = filter;
    this.limit = filter.tail ?? Number.POSITIVE_INFINITY;
  }

  add(lines: readonly LogLine[]): void {
    this.kept.push(...lines.filter((line) => matchesFilter(line, this.filter)));
    // Trimmed in batches rather than at each line.
    if (this.kept.length > 2 * this.limit) this.kept = this.lines();
  }

  lines(): LogLine[] {
    return this.kept.slice(Math.max(0, this.kept.length - this.limit));
  }
}

async function* piecesOf(file: string): AsyncGenerator<string> {
  try {
    yield* createReadStream(file, 'utf8') as AsyncIterable<string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
