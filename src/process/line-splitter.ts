/** Bytes in, lines out. Bounded: a line over MAX_LINE_BYTES is split. Pure but for its own buffer. */
import { StringDecoder } from 'node:string_decoder';

/** A longer line is split into several of this length. */
export const MAX_LINE_BYTES = 64 * 1024;

export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  /** The lines that the chunk completes, without their line ends; invalid bytes become U+FFFD. */
  push(chunk: Buffer): string[] {
    const parts = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = parts.pop() ?? '';
    const lines = parts.flatMap((part) => cut(part.endsWith('\r') ? part.slice(0, -1) : part));
    while (this.rest.length > MAX_LINE_BYTES) {
      lines.push(this.rest.slice(0, MAX_LINE_BYTES));
      this.rest = this.rest.slice(MAX_LINE_BYTES);
    }
    return lines;
  }

  /** What is left when the stream ends. */
  end(): string[] {
    const rest = this.rest + this.decoder.end();
    this.rest = '';
    return rest === '' ? [] : cut(rest);
  }
}

function cut(line: string): string[] {
  if (line.length <= MAX_LINE_BYTES) return [line];
  const pieces: string[] = [];
  for (let start = 0; start < line.length; start += MAX_LINE_BYTES)
    pieces.push(line.slice(start, start + MAX_LINE_BYTES));
  return pieces;
}
