/** Items handled one at a time, to the end: what comes while one is being handled waits its turn. */
export class SerialQueue<Item> {
  private readonly waiting: Item[] = [];
  private readonly handle: (item: Item) => void;
  private handling = false;

  constructor(handle: (item: Item) => void) {
    this.handle = handle;
  }

  /** Handled at once, or after the one being handled. */
  push(item: Item): void {
    this.waiting.push(item);
    if (this.handling) return;
    this.handling = true;
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) this.handle(next);
    } finally {
      this.handling = false;
    }
  }
}
