/**
 * Does things in order, a few in each turn of the event loop. Hundreds of slow clients run out of time together;
 * refusing them all at once would make everyone else wait.
 */
const A_TURN = 8;

export class FewATurn {
  private readonly waiting: (() => void)[] = [];

  add(task: () => void): void {
    if (this.waiting.push(task) === 1) setImmediate(() => this.turn());
  }

  private turn(): void {
    const tasks = this.waiting.splice(0, A_TURN);
    if (this.waiting.length > 0) setImmediate(() => this.turn());
    // Each by itself, so that one which fails takes no other with it.
    for (const task of tasks) queueMicrotask(task);
  }
}
