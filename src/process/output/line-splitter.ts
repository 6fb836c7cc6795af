/** Splits bytes into lines of bounded length. Pure but for its own buffer. */
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are split into pieces of this length. */
export const MAX_LINE_CHARS = 64 * 1024;

export interface SplitLines {
  /** Complete lines, without their line ends; invalid bytes become U+FFFD. */
  readonly lines: readonly string[];
  /** The beginning of the next line, as far as it has come; '' when there is none. */
  readonly rest: string;
}

export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  push(chunk: Buffer): SplitLines {
    return this.take(this.decoder.write(chunk));
  }

  /** Ends the stream; what is left becomes a line. */
  end(): SplitLines {
    const { lines, rest } = this.take(this.decoder.end());
    this.rest = '';
    return { lines: rest === '' ? lines : [...lines, rest], rest: '' };
  }

  private take(text: string): SplitLines {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop() ?? '';
    const lines = parts.flatMap((part) => pieces(part.endsWith('\r') ? part.slice(0, -1) : part));
    while (this.rest.length > MAX_LINE_CHARS) {
      lines.push(this.rest.slice(0, MAX_LINE_CHARS));
      this.rest = this.rest.slice(MAX_LINE_CHARS);
    }
    return { lines, rest: this.rest };
  }
}

function pieces(line: string): string[] {
  if (line.length <= MAX_LINE_CHARS) return [line];
  const count = Math.ceil(line.length / MAX_LINE_CHARS);
  return Array.from({ length: count }, (_, index) => line.slice(index * MAX_LINE_CHARS, (index + 1) * MAX_LINE_CHARS));
}
