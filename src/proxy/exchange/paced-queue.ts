/**
 * Runs tasks in order, a few in each turn of the event loop. Hundreds of slow clients time out together, and refusing
 * them all at once would delay everyone else.
 */
const A_TURN = 8;

export class PacedQueue {
  private readonly waiting: (() => void)[] = [];
  private readonly perTurn: number;

  constructor(perTurn = A_TURN) {
    this.perTurn = perTurn;
  }

  add(task: () => void): void {
    if (this.waiting.push(task) === 1) setImmediate(() => this.turn());
  }

  private turn(): void {
    const tasks = this.waiting.splice(0, this.perTurn);
    if (this.waiting.length > 0) setImmediate(() => this.turn());
    // Each in its own microtask, so that a failing task does not stop the others.
    for (const task of tasks) queueMicrotask(task);
  }
}
