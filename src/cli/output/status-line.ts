/** A line on stderr's terminal that changes in place, and is gone at the end. */
import { shortened } from './display-width.ts';
import type { CliIo } from './io.ts';
import { terminalText } from './terminal-text.ts';

const CLEAR = '\r\u001b[K';

export class StatusLine {
  private readonly io: CliIo;
  private hasText = false;

  constructor(io: CliIo) {
    this.io = io;
  }

  /** Whether a person sees it. */
  get isShown(): boolean {
    return this.io.errors.isTerminal && this.io.env['TERM'] !== 'dumb';
  }

  /** Replaces the text, which is cut where the terminal ends. */
  show(text: string): void {
    if (!this.isShown) return;
    this.io.stderr.write(CLEAR + shortened(terminalText(text), (this.io.errors.columns ?? 80) - 1));
    this.hasText = true;
  }

  /** Removes the text, so that other output has the line. */
  clear(): void {
    if (this.hasText) this.io.stderr.write(CLEAR);
    this.hasText = false;
  }
}
