/**
 * A log file's lines: `2026-11-21T01:02:03.004Z out text`, `err` for stderr. A `+` after the stream
 * (`out+`) says that the line goes on in the next entry of that stream: what a process has printed is
 * written down at once, also when its line is not complete. Pure.
 */
import type { LogFilter, LogLine } from '../stores/log-store.ts';

export type LogStream = LogLine['stream'];

/** A part of a line, as it is written. */
export interface LogEntry {
  readonly text: string;
  readonly partial: boolean;
}

const SHORT: Record<LogStream, string> = { stdout: 'out', stderr: 'err' };
const ENTRY = /^(\S{24}) (out|err)(\+?) (.*)$/s;

/** One text to append for entries of one stream that came at one time. */
export function formatEntries(atMs: number, stream: LogStream, entries: readonly LogEntry[]): string {
  const head = `${new Date(atMs).toISOString()} ${SHORT[stream]}`;
  return entries.map(({ text, partial }) => `${head}${partial ? '+' : ''} ${text}\n`).join('');
}

/** Whether a line is one that the filter asks for, but for its tail. */
export function matchesFilter(line: LogLine, filter: LogFilter): boolean {
  if (filter.sinceMs !== undefined && line.atMs < filter.sinceMs) return false;
  if (filter.stream !== undefined && line.stream !== filter.stream) return false;
  return filter.grep === undefined || line.text.includes(filter.grep);
}

/** Puts the lines of a log file together again, part by part. Lines that are none of ours are left out. */
export class LogReader {
  private rest = '';
  private readonly open: Record<LogStream, LogLine | null> = { stdout: null, stderr: null };

  /** The lines that this piece of the file completes. */
  push(piece: string): LogLine[] {
    const parts = (this.rest + piece).split('\n');
    this.rest = parts.pop() ?? '';
    return parts.flatMap((part) => this.entry(part));
  }

  /** Lines whose end never came, when the file has ended. */
  end(): LogLine[] {
    return [this.open.stdout, this.open.stderr].filter((line) => line !== null);
  }

  private entry(text: string): LogLine[] {
    const [, at = '', short, more, rest = ''] = ENTRY.exec(text) ?? [];
    if (short === undefined) return [];
    const stream = short === 'out' ? 'stdout' : 'stderr';
    const begun = this.open[stream];
    const line =
      begun === null ? ({ atMs: Date.parse(at), stream, text: rest } as const) : { ...begun, text: begun.text + rest };
    this.open[stream] = more === '+' ? line : null;
    if (more === '+') return [];
    // The line end of a CRLF may have been cut in two.
    return [begun !== null && line.text.endsWith('\r') ? { ...line, text: line.text.slice(0, -1) } : line];
  }
}
