/** A look at something that changes, shared by all who ask for it before it begins. */
import { setImmediate as nextTurn } from 'node:timers/promises';

export class SharedLook<Seen> {
  private readonly look: () => Promise<Seen>;
  /** Settles when the last that has begun is over. */
  private last: Promise<unknown> = Promise.resolve();
  /** It has not begun. */
  private waiting: Promise<Seen> | null = null;

  constructor(look: () => Promise<Seen>) {
    this.look = look;
  }

  /** What is seen by a look that begins after this was called. One runs at a time. */
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
