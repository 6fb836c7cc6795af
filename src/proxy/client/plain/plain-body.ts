/** The body of a plain request, of the length in its head, read no faster than it is consumed. */
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Traffic } from '../../../core/usage/traffic.ts';

/** How much is buffered before the body is wanted; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;

export class PlainBody extends Readable {
  private readonly socket: Socket;
  private left: number;
  private traffic: Traffic | null = null;
  /** Bytes that count nowhere yet. */
  private uncounted = 0;

  constructor(socket: Socket, length: number) {
    super({ highWaterMark: HELD_BYTES });
    this.socket = socket;
    this.left = length;
  }

  get isWhole(): boolean {
    return this.left === 0;
  }

  /** Takes the body's share of `bytes`; returns the rest. */
  fill(bytes: Buffer): Buffer {
    const own = bytes.length > this.left ? bytes.subarray(0, this.left) : bytes;
    this.left -= own.length;
    if (this.traffic === null) this.uncounted += own.length;
    else this.traffic.ingressBytes += own.length;
    const hasRoom = own.length === 0 || this.push(own);
    if (this.left === 0) this.push(null);
    else if (!hasRoom) this.socket.pause();
    return bytes.subarray(own.length);
  }

  countFor(traffic: Traffic): void {
    traffic.ingressBytes += this.uncounted;
    this.uncounted = 0;
    this.traffic = traffic;
  }

  override _read(): void {
    this.socket.resume();
  }
}
