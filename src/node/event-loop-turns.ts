/**
 * Work that comes all at once, as when hundreds of timers fire or instances end together: done in order, as much in each
 * turn of the event loop as fits, so that everything else has its turn in between.
 */
const TURN_MS = 8;
/** Work of which each piece takes no time at all must not wait for thousands of turns. */
const PIECES_A_TURN = 32;

export class EventLoopTurns {
  private readonly waiting: (() => void)[] = [];
  private isUnderWay = false;
  private endsAtMs = 0;

  /** Does it at once where nothing else was done in this turn, else when its turn comes. */
  do(piece: () => void): void {
    if (this.isUnderWay) return void this.waiting.push(piece);
    this.begin();
    piece();
  }

  /** Settles when its turn comes. */
  next(): Promise<void> {
    return new Promise((resolve) => this.do(resolve));
  }

  private begin(): void {
    this.isUnderWay = true;
    setImmediate(() => this.continue());
  }

  /** Each piece is an immediate of its own: what follows from it, as promises settle, is done before the next. */
  private continue(): void {
    this.isUnderWay = this.waiting.length > 0;
    if (!this.isUnderWay) return;
    this.endsAtMs = performance.now() + TURN_MS;
    const pieces = Math.min(this.waiting.length, PIECES_A_TURN);
    for (let piece = 0; piece < pieces; piece += 1) setImmediate(() => this.doNext());
    setImmediate(() => this.continue());
  }

  private doNext(): void {
    if (performance.now() < this.endsAtMs) this.waiting.shift()?.();
  }
}

/** Those of this process. */
export const turns = new EventLoopTurns();
