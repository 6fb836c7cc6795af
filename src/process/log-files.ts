/**
 * What instances printed, in files: `{dir}/{service}/{id}.log`, one line each as
 * `2026-11-21T01:02:03.004Z out text`, rotated to `.log.1` at MAX_BYTES. Readable with any pager.
 */
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type InstanceName, parseInstanceName } from '../core/instance.ts';
import type { LogFilter, LogLine } from '../core/ports.ts';
import type { Logger } from '../logger.ts';

/** A file's size before it is rotated; with the older one an instance has at most twice this. */
export const MAX_BYTES = 8 * 1024 * 1024;

export interface LogFilesOptions {
  readonly dir: string;
  readonly logger: Logger;
  readonly maxBytes?: number;
}

export interface LogFiles {
  /** Appends lines; never fails: what a full disk does not take is dropped, and said once. */
  append(instance: InstanceName, lines: readonly LogLine[]): Promise<void>;
  read(instance: InstanceName, filter: LogFilter): Promise<LogLine[]>;
  remove(instance: InstanceName): Promise<void>;
}

export function createLogFiles(options: LogFilesOptions): LogFiles {
  const { dir, logger, maxBytes = MAX_BYTES } = options;
  let failing = false;
  return {
    async append(instance, lines) {
      try {
        await appendLines(logPath(dir, instance), lines, maxBytes);
        failing = false;
      } catch (error) {
        if (!failing) logger.warn({ instance, dropped: lines.length, err: error }, 'log lines dropped');
        failing = true;
      }
    },
    read: (instance, filter) => readLogFiles(dir, instance, filter),
    async remove(instance) {
      const path = logPath(dir, instance);
      await Promise.all([rm(path, { force: true }), rm(`${path}.1`, { force: true })]);
    },
  };
}

/** Reads what is there, whether or not a server runs. */
export async function readLogFiles(dir: string, instance: InstanceName, filter: LogFilter): Promise<LogLine[]> {
  const path = logPath(dir, instance);
  const texts = [await readIfThere(`${path}.1`), await readIfThere(path)];
  const lines = texts.flatMap((text) => parseLines(text)).filter((line) => matches(line, filter));
  return filter.tail === undefined ? lines : lines.slice(-filter.tail || lines.length);
}

export function matches(line: LogLine, filter: LogFilter): boolean {
  if (filter.sinceMs !== undefined && line.atMs < filter.sinceMs) return false;
  if (filter.stream !== undefined && line.stream !== filter.stream) return false;
  return filter.grep === undefined || line.text.includes(filter.grep);
}

function logPath(dir: string, instance: InstanceName): string {
  const { service, tenantId } = parseInstanceName(instance);
  return join(dir, service, `${tenantId}.log`);
}

async function appendLines(path: string, lines: readonly LogLine[], maxBytes: number): Promise<void> {
  const size = await sizeOf(path);
  if (size >= maxBytes) await rename(path, `${path}.1`);
  const file = await openToAppend(path);
  try {
    await file.appendFile(lines.map(format).join(''));
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
}

async function openToAppend(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a', 0o600);
  } catch {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, 'a', 0o600);
  }
}

function format(line: LogLine): string {
  return `${new Date(line.atMs).toISOString()} ${line.stream === 'stdout' ? 'out' : 'err'} ${line.text}\n`;
}

const LINE = /^(\S{24}) (out|err) (.*)$/s;

function parseLines(text: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const line of text.split('\n')) {
    const [, at = '', stream, rest = ''] = LINE.exec(line) ?? [];
    if (stream !== undefined) {
      lines.push({ atMs: Date.parse(at), stream: stream === 'out' ? 'stdout' : 'stderr', text: rest });
    }
  }
  return lines;
}

function readIfThere(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
