/** Messages of a program to the server that runs it. */
import { writeSync } from 'node:fs';
import type { CopyTotals } from '../../core/archive/copies.ts';
import { MAX_TOLD, MESSAGES_FD, type Message } from './protocol.ts';

const PROGRESS_EVERY_MS = 200;
/** The longest name is 4 KiB; a message fits into one write of a pipe. */
const MAX_SHOWN_CHARACTERS = 500;

export function tell(message: Message): void {
  writeSync(MESSAGES_FD, `${JSON.stringify(message)}\n`);
}

/** Ends the program. */
export function fail(type: 'refused' | 'failed', reason: string): never {
  tell({ type, reason: reason.slice(0, MAX_SHOWN_CHARACTERS) });
  process.exit(1);
}

/** Counts what is done, and tells it from time to time. */
export class Progress {
  private files = 0;
  private bytes = 0;
  private leftOut = 0;
  private toldAtMs = performance.now();

  get totals(): CopyTotals {
    return { files: this.files, bytes: this.bytes };
  }

  add(files: number, bytes: number): void {
    this.files += files;
    this.bytes += bytes;
    const nowMs = performance.now();
    if (nowMs - this.toldAtMs < PROGRESS_EVERY_MS) return;
    this.toldAtMs = nowMs;
    tell({ type: 'progress', ...this.totals });
  }

  /** Notes something that is left out, or not as it was. */
  without(path: string, why: string): void {
    this.leftOut += 1;
    if (this.leftOut > MAX_TOLD) return;
    tell({ type: 'left-out', path: path.slice(0, MAX_SHOWN_CHARACTERS), why });
  }

  done(): void {
    tell({ type: 'done', ...this.totals, leftOut: this.leftOut });
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
