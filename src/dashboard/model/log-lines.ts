/** The newest lines of a log, bounded in number and size. */
import { visibleText } from './text.ts';

export interface LogLine {
  /** ISO 8601. */
  readonly at: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface ShownLine extends LogLine {
  readonly id: number;
}

export interface LogSnapshot {
  readonly lines: readonly ShownLine[];
  /** Lines that came while it is paused. */
  readonly held: number;
  /** How many of these do not fit any more. */
  readonly dropped: number;
}

/** What the page keeps. With the bound of a line: 4 MB. */
const MAX_LINES = 2000;
const MAX_TEXT = 2000;

export class LogLines {
  private lines: ShownLine[] = [];
  private held: ShownLine[] = [];
  private heldCount = 0;
  private paused = false;
  private nextId = 1;
  /** The time of the last line, and how many lines had it. */
  private last: { readonly at: string; readonly lines: number } | null = null;
  /** Lines of the last time that are yet to come a second time. */
  private repeated = 0;

  add(line: LogLine): void {
    if (this.isRepeated(line)) return;
    this.last = { at: line.at, lines: this.last?.at === line.at ? this.last.lines + 1 : 1 };
    const shown = { ...line, text: visibleText(line.text, MAX_TEXT), id: this.nextId };
    this.nextId += 1;
    if (this.paused) {
      this.heldCount += 1;
      push(this.held, shown);
    } else {
      push(this.lines, shown);
    }
  }

  /** Returns the time from which the log is read again; the lines of that time come once more. null: from the start. */
  continueAt(): string | null {
    this.repeated = this.last?.lines ?? 0;
    return this.last?.at ?? null;
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    if (paused) return;
    for (const line of this.held) push(this.lines, line);
    this.held = [];
    this.heldCount = 0;
  }

  clear(): void {
    this.lines = [];
    this.held = [];
    this.heldCount = 0;
  }

  snapshot(): LogSnapshot {
    const kept = Math.min(this.held.length, MAX_LINES);
    return { lines: this.lines.slice(-MAX_LINES), held: this.heldCount, dropped: this.heldCount - kept };
  }

  private isRepeated({ at }: LogLine): boolean {
    if (this.repeated === 0) return false;
    this.repeated = at === this.last?.at ? this.repeated - 1 : 0;
    return at === this.last?.at;
  }
}

/** Trims only now and then, because each trim moves all lines. */
function push(lines: ShownLine[], line: ShownLine): void {
  lines.push(line);
  if (lines.length >= MAX_LINES * 2) lines.splice(0, lines.length - MAX_LINES);
}
