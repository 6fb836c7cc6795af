/**
 * Windows of the streams of a connection (RFC 9113 §6.9). A stream moves one window in each round trip, 640 kB/s with the
 * first window on a path of 100 ms. So uploads that are being read get larger ones while the budget lasts. node:http2 has
 * one size for all streams of a connection: they share what the connection is promised.
 */
import type { WindowBudget } from './window-budget.ts';

/**
 * What a client may send of one body before it is read, which is what HTTP/1 connections hold: a tenant may be asleep.
 */
export const FIRST_WINDOW_BYTES = 64 * 1024 - 1;

/** Announces a size to the client, and calls back when the client goes by it. */
type Announce = (windowBytes: number, onApplied: () => void) => void;

export class UploadWindows {
  private readonly budget: WindowBudget;
  private readonly announce: Announce;
  /** Bodies that are not read to their end. */
  private open = 0;
  private promised = 0;
  private announced = FIRST_WINDOW_BYTES;
  private isAnnouncing = false;
  /** Bytes that streams hold beyond the first window of each. */
  private heldBytes = 0;
  private exceededBytes = 0;
  /** Whether a body was open since the last look. */
  private isUsed = false;
  private isOver = false;

  constructor(budget: WindowBudget, announce: Announce) {
    this.budget = budget;
    this.announce = announce;
  }

  begin(): void {
    this.open += 1;
    this.isUsed = true;
    this.adjust();
  }

  end(): void {
    this.open -= 1;
    this.adjust();
  }

  /** A body is being read, and has more than its first window. */
  moves(): void {
    if (this.promised > 0 || this.isOver) return;
    this.promised = this.budget.promise();
    this.adjust();
  }

  /** Streams hold more, or (negative) less, beyond their first windows. Returns whether there is room for it. */
  hold(bytes: number): boolean {
    this.heldBytes += bytes;
    return this.count();
  }

  /** Gives back what no body has needed since the last look. */
  look(): void {
    if (this.open === 0 && !this.isUsed && this.promised > 0) this.giveBack();
    this.isUsed = this.open > 0;
  }

  /** The connection is gone, with all that it held. */
  close(): void {
    this.isOver = true;
    this.heldBytes = 0;
    this.giveBack();
  }

  private giveBack(): void {
    this.budget.giveBack(this.promised);
    this.promised = 0;
    this.count();
    this.adjust();
  }

  private count(): boolean {
    const exceeded = Math.max(0, this.heldBytes - this.promised);
    const more = exceeded - this.exceededBytes;
    this.exceededBytes = exceeded;
    return more === 0 || this.budget.exceed(more) || more < 0;
  }

  /** One announcement at a time, because node:http2 bounds those that the client has not answered. */
  private adjust(): void {
    const windowBytes = FIRST_WINDOW_BYTES + Math.floor(this.promised / sharesFor(this.open));
    if (this.isOver || this.isAnnouncing || windowBytes === this.announced) return;
    this.announced = windowBytes;
    this.isAnnouncing = true;
    this.announce(windowBytes, () => {
      this.isAnnouncing = false;
      this.adjust();
    });
  }
}

/** Returns a power of two, so that not every stream changes the windows. */
function sharesFor(streams: number): number {
  let shares = 1;
  while (shares < streams) shares *= 2;
  return shares;
}
