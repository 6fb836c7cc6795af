/** A look at something that changes, shared by all callers that ask before it begins. */
import { setImmediate as nextTurn } from 'node:timers/promises';

export class SharedLook<Seen> {
  private readonly look: () => Promise<Seen>;
  /** Settles when the last look that began is over. */
  private last: Promise<unknown> = Promise.resolve();
  /** The look that has not begun yet. */
  private waiting: Promise<Seen> | null = null;

  constructor(look: () => Promise<Seen>) {
    this.look = look;
  }

  /** Returns what a look sees that begins after this call. One look runs at a time. */
  next(): Promise<Seen> {
    this.waiting ??= this.begin();
    return this.waiting;
  }

  private async begin(): Promise<Seen> {
    await this.last;
    await nextTurn();
    this.waiting = null;
    const seen = this.look();
    this.last = seen.catch(() => {});
    return seen;
  }
}
