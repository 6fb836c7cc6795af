/**
 * Lines of a log file: `2026-11-21T01:02:03.004Z out text`, with `err` for stderr. A `+` after the stream (`out+`)
 * means that the line continues in the next entry of that stream, because output is written at once, even before its
 * line is complete. Pure.
 */
import type { LogFilter, LogLine } from '../stores/log-store.ts';

export type LogStream = LogLine['stream'];

/** A part of a line, as it is written. */
export interface LogPart {
  readonly text: string;
  readonly partial: boolean;
}

const SHORT: Record<LogStream, string> = { stdout: 'out', stderr: 'err' };
const ENTRY = /^(\S{24}) (out|err)(\+?) (.*)$/s;

/** Formats entries of one stream that came at the same time, as one text to append. */
export function formatEntries(atMs: number, stream: LogStream, entries: readonly LogPart[]): string {
  const head = `${new Date(atMs).toISOString()} ${SHORT[stream]}`;
  return entries.map(({ text, partial }) => `${head}${partial ? '+' : ''} ${text}\n`).join('');
}

/** Whether a line matches a filter, apart from `tail`. */
export function matchesFilter(line: LogLine, filter: LogFilter): boolean {
  if (filter.sinceMs !== undefined && line.atMs < filter.sinceMs) return false;
  if (filter.stream !== undefined && line.stream !== filter.stream) return false;
  return filter.grep === undefined || line.text.includes(filter.grep);
}

/** Joins the parts of a log file's lines. Lines of another format are left out. */
export class LogReader {
  private rest = '';
  private readonly open: Record<LogStream, LogLine | null> = { stdout: null, stderr: null };

  /** Returns the lines that this piece of the file completes. */
  push(piece: string): LogLine[] {
    const parts = (this.rest + piece).split('\n');
    this.rest = parts.pop() ?? '';
    return parts.flatMap((part) => this.entry(part));
  }

  /** Returns unfinished lines, after the end of the file. */
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
    // A CRLF may have been split between two parts.
    return [begun !== null && line.text.endsWith('\r') ? { ...line, text: line.text.slice(0, -1) } : line];
  }
}
