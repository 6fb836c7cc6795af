/**
 * Spreads work over turns of the event loop, when hundreds of timers fire or instances end together. Work is done in
 * order, as much in each turn as fits, so that everything else has its turn in between.
 */
const TURN_MS = 8;
/** Least number of pieces in a turn, so that tiny pieces need not wait for thousands of turns. */
const PIECES_A_TURN = 32;

export class EventLoopTurns {
  private readonly waiting: (() => void)[] = [];
  private isUnderWay = false;
  private endsAtMs = 0;

  /** Runs a piece at once if no other ran in this turn, otherwise when its turn comes. */
  do(piece: () => void): void {
    if (this.isUnderWay) return void this.waiting.push(piece);
    this.begin();
    piece();
  }

  /** Settles when the caller's turn comes. */
  next(): Promise<void> {
    return new Promise((resolve) => this.do(resolve));
  }

  private begin(): void {
    this.isUnderWay = true;
    setImmediate(() => this.continue());
  }

  /** Runs each piece as its own immediate, so that the promises it settles are handled before the next piece. */
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

/** The turns of this process. */
export const turns = new EventLoopTurns();
