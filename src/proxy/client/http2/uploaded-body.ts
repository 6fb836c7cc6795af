/** What the body of one request takes of its connection's windows, until it is read. */
import { FIRST_WINDOW_BYTES, type UploadWindows } from './upload-windows.ts';

export class UploadedBody {
  private readonly windows: UploadWindows;
  private receivedBytes = 0;
  /** Bytes that it holds beyond its first window. */
  private beyondBytes = 0;
  private isOver = false;

  constructor(windows: UploadWindows) {
    this.windows = windows;
    windows.begin();
  }

  received(bytes: number): void {
    this.receivedBytes += bytes;
    // Its client got a window more than the first, so somebody reads it.
    if (this.receivedBytes > FIRST_WINDOW_BYTES) this.windows.moves();
  }

  /** Notes how many bytes nobody has read. Returns whether there is room for them. */
  holds(bytes: number): boolean {
    const beyondBytes = Math.max(0, bytes - FIRST_WINDOW_BYTES);
    if (this.isOver || beyondBytes === this.beyondBytes) return true;
    const more = beyondBytes - this.beyondBytes;
    this.beyondBytes = beyondBytes;
    return this.windows.hold(more);
  }

  /** All of it was read, or nobody will. May be called repeatedly. */
  end(): void {
    if (this.isOver) return;
    this.holds(0);
    this.isOver = true;
    this.windows.end();
  }
}
