/** The body of a plain request: as many bytes as its head said, read no faster than they are taken. */
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';

/** Of what came before it is wanted; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;

export class PlainBody extends Readable {
  private readonly socket: Socket;
  private left: number;

  constructor(socket: Socket, length: number) {
    super({ highWaterMark: HELD_BYTES });
    this.socket = socket;
    this.left = length;
  }

  get isWhole(): boolean {
    return this.left === 0;
  }

  /** Takes what is its own of `bytes`; returns what stands behind it. */
  fill(bytes: Buffer): Buffer {
    const own = bytes.length > this.left ? bytes.subarray(0, this.left) : bytes;
    this.left -= own.length;
    const hasRoom = own.length === 0 || this.push(own);
    if (this.left === 0) this.push(null);
    else if (!hasRoom) this.socket.pause();
    return bytes.subarray(own.length);
  }

  override _read(): void {
    this.socket.resume();
  }
}
