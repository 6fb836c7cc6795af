/**
 * The body of a request on an HTTP/2 stream. node:http2 keeps a buffer object for each DATA frame and announces the end
 * of a body also when the client resets the stream in the middle of it. This file reaches behind its interface to join small
 * frames while nobody reads, and to tell the two ends apart; what it relies on is covered by tests.
 */
import type { ServerHttp2Stream } from 'node:http2';

/**
 * Smaller parts are joined while nobody reads. The object for a part of one byte takes a hundred times that, and each part
 * keeps the TLS record that it arrived in, 16 KiB, with whatever else was in it.
 */
const SMALL_PART_BYTES = 8 * 1024;
const JOINED_BYTES = 16 * 1024;

export interface Http2BodyHooks {
  /** A part arrived. */
  onBytes(bytes: number): void;
  /** A part was taken, and the stream now holds so many bytes that nobody has read. */
  onHeld(bytes: number): void;
  /** The client reset the stream, or left, before the end of the body. */
  onCut(): void;
}

/** An `end` of the stream is one that the client has stated. */
export function readBodyOf(stream: ServerHttp2Stream, hooks: Http2BodyHooks): void {
  const joined = new JoinedParts((part) => push(part));
  const push = (part: Buffer | null): boolean => stream.constructor.prototype.push.call(stream, part);
  stream.on('resume', () => joined.flush());
  stream.push = (part: Buffer | null): boolean => {
    if (part === null) return endOf(stream, joined, push, hooks);
    hooks.onBytes(part.length);
    const isPassed = stream.readableFlowing === true || part.length >= SMALL_PART_BYTES;
    if (isPassed) joined.flush();
    else joined.add(part);
    const hasRoom = !isPassed || push(part);
    const heldBytes = stream.readableLength + joined.length;
    hooks.onHeld(heldBytes);
    return hasRoom && heldBytes < stream.readableHighWaterMark;
  };
}

function endOf(
  stream: ServerHttp2Stream,
  joined: JoinedParts,
  push: (part: null) => boolean,
  hooks: Http2BodyHooks,
): boolean {
  // node:http2 has marked the stream as closed before it ends the body of a stream that was reset.
  if (stream.closed && !stream.readableEnded) hooks.onCut();
  joined.flush();
  return push(null);
}

class JoinedParts {
  private readonly pass: (part: Buffer) => void;
  private memory: Buffer | null = null;
  length = 0;

  constructor(pass: (part: Buffer) => void) {
    this.pass = pass;
  }

  add(part: Buffer): void {
    if (this.length + part.length > JOINED_BYTES) this.flush();
    this.memory ??= Buffer.allocUnsafeSlow(JOINED_BYTES);
    part.copy(this.memory, this.length);
    this.length += part.length;
  }

  flush(): void {
    const { memory, length } = this;
    this.memory = null;
    this.length = 0;
    if (memory !== null) this.pass(memory.subarray(0, length));
  }
}
