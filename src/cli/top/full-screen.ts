/** A terminal that one command has to itself, and gives back however it ends. */
import type { ReadStream } from 'node:tty';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
/** Whatever a signal ends leaves the screen by `exit`; these do not, unless they are handled. */
const SIGNALS = ['SIGHUP', 'SIGTERM'] as const;

export class FullScreen {
  private readonly keys: ReadStream;
  private readonly leave = () => {
    process.stdout.write(LEAVE);
    if (this.keys.isTTY) this.keys.setRawMode(false);
  };
  private readonly onSignal = () => process.exit(0);

  /** @param onKey called with each key, and with an empty text when the terminal has another size */
  constructor(onKey: (key: string) => void) {
    this.keys = process.stdin;
    process.once('exit', this.leave);
    for (const signal of SIGNALS) process.once(signal, this.onSignal);
    process.stdout.write(ENTER);
    this.keys.setEncoding('utf8').on('data', (text) => onKey(String(text)));
    if (this.keys.isTTY) this.keys.setRawMode(true);
    process.stdout.on('resize', () => onKey(''));
  }

  get size(): { readonly columns: number; readonly lines: number } {
    return { columns: process.stdout.columns || 80, lines: process.stdout.rows || 24 };
  }

  show(lines: readonly string[]): void {
    process.stdout.write(`${HOME}${lines.map((line) => line + CLEAR_LINE).join('\r\n')}${CLEAR_BELOW}`);
  }

  close(): void {
    process.off('exit', this.leave);
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
    process.stdout.removeAllListeners('resize');
    this.keys.removeAllListeners('data');
    this.keys.pause();
    this.leave();
  }
}
