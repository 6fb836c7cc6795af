/**
 * The server's own descriptor of the socket that a child listens on, held while the child serves. When the child ends, the
 * kernel keeps queueing connections there, and they are accepted in its place.
 */
import type { ProcessRecord } from '../../../core/lifecycle/instance.ts';
import { type HeldListener, holdListener } from './held-listener.ts';

/** Delay between ready and the second descriptor of the socket, so that requests held for the wake go first. */
const HOLD_AFTER_MS = 20;

export class ListenerHold {
  private readonly record: ProcessRecord;
  private readonly onLeft: (fd: number) => void;
  private held: HeldListener | null = null;
  private holding: NodeJS.Timeout | null = null;
  private isGone = false;
  private isReleased = false;

  /** @param onLeft called at the end of the process with its listening socket, which the callee closes */
  constructor(record: ProcessRecord, onLeft: (fd: number) => void) {
    this.record = record;
    this.onLeft = onLeft;
  }

  /** Takes the descriptor, once, shortly after. */
  beginSoon(): void {
    this.holding ??= setTimeout(() => void this.hold(), HOLD_AFTER_MS).unref();
  }

  /** Releases a listener that the tenant has closed, which would otherwise look as if it were still served. */
  releaseIfClosed(): void {
    if (this.held?.isShared() === false) this.release();
  }

  /** The process has ended: the listener goes to `onLeft`. */
  handOver(): void {
    const { held } = this;
    this.isGone = true;
    this.held = null;
    if (held !== null) this.onLeft(held.fd);
  }

  /** Takes no descriptor from now on; a held one stays. */
  cancel(): void {
    if (this.holding !== null) clearTimeout(this.holding);
  }

  release(): void {
    this.cancel();
    this.isReleased = true;
    this.held?.close();
    this.held = null;
  }

  private async hold(): Promise<void> {
    if (this.isGone || this.held !== null) return;
    const held = await holdListener(this.record, this.record.bindSocket);
    if (this.isReleased || this.held !== null) held?.close();
    else if (!this.isGone) this.held = held;
    else if (held !== null) this.onLeft(held.fd);
  }
}
