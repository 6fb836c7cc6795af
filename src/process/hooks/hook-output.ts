/** Reads what a hook prints, within bounds. */
import type { Readable } from 'node:stream';

/** `values`: standard output, kept as a whole. `words`: standard error, whose end is kept. */
export const MAX_OUTPUT_BYTES = { values: 1024 * 1024, words: 16 * 1024 * 1024 } as const;
const KEPT_WORDS_BYTES = 64 * 1024;

export class BoundedOutput {
  private readonly kind: keyof typeof MAX_OUTPUT_BYTES;
  private readonly stream: Readable;
  private chunks: Buffer[] = [];
  private keptBytes = 0;
  private bytes = 0;
  /** Settles when the stream has ended. */
  readonly ended: Promise<void>;

  /** @param onExceeded called once, when more is printed than is allowed */
  constructor(stream: Readable, kind: keyof typeof MAX_OUTPUT_BYTES, onExceeded: () => void) {
    this.stream = stream;
    this.kind = kind;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    stream.on('data', (chunk: Buffer) => this.take(chunk, onExceeded));
    stream.once('close', resolve);
    stream.once('error', () => resolve());
  }

  private take(chunk: Buffer, onExceeded: () => void): void {
    const was = this.bytes;
    this.bytes += chunk.length;
    const most = MAX_OUTPUT_BYTES[this.kind];
    if (this.bytes > most) {
      if (was <= most) onExceeded();
      return;
    }
    this.chunks.push(chunk);
    this.keptBytes += chunk.length;
    while (this.kind === 'words' && this.keptBytes - (this.chunks[0]?.length ?? 0) >= KEPT_WORDS_BYTES)
      this.keptBytes -= this.chunks.shift()?.length ?? 0;
  }

  /** Reads no more, even if a process still holds the other end. */
  close(): void {
    this.stream.destroy();
  }

  get kept(): Buffer {
    return Buffer.concat(this.chunks);
  }
}
