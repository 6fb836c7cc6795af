/**
 * Memory for bodies beyond what each stream may hold in any case. A client may send what the window of its stream allows
 * before anybody reads it, so larger windows are promises of memory, and all that is promised has a bound. Pure.
 */

const MB = 1024 * 1024;
/** Of all connections together. */
const PROMISED_BYTES = 32 * MB;
/** 40 MB/s on a path of 100 ms. */
const CONNECTION_BYTES = 4 * MB;
/** Each connection gets a part of what is left, so that something is left for later ones. */
const PART_OF_REST = 8;
/** Less is not worth a change of windows. */
const LEAST_BYTES = 64 * 1024;
/**
 * For what clients send before they know of a smaller window, or against it. Windows cannot be taken back, so a stream is
 * reset when this is exceeded.
 */
const UNPROMISED_BYTES = 32 * MB;

export class WindowBudget {
  private readonly unpromisedBytes: number;
  private left: number;
  private excess = 0;

  /** @param processes how many processes share the memory */
  constructor(processes: number) {
    this.left = PROMISED_BYTES / processes;
    this.unpromisedBytes = UNPROMISED_BYTES / processes;
  }

  /** Returns the bytes that the streams of one connection may hold in addition; 0: there are none left. */
  promise(): number {
    const part = Math.min(CONNECTION_BYTES, Math.floor(this.left / PART_OF_REST));
    if (part < LEAST_BYTES) return 0;
    this.left -= part;
    return part;
  }

  giveBack(bytes: number): void {
    this.left += bytes;
  }

  /** A connection holds more, or (negative) less, than it was promised. Returns whether there is room for it. */
  exceed(bytes: number): boolean {
    this.excess += bytes;
    return this.excess <= this.unpromisedBytes;
  }
}
