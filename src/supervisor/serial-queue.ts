/** Items handled one at a time, to the end: what comes while one is being handled waits its turn. */
export class SerialQueue<Item> {
  private readonly waiting: Item[] = [];
  private readonly handle: (item: Item) => void;
  private readonly onFailed: (item: Item, error: unknown) => void;
  private handling = false;

  /** @param onFailed called with what `handle` threw; those that wait are handled all the same */
  constructor(handle: (item: Item) => void, onFailed: (item: Item, error: unknown) => void) {
    this.handle = handle;
    this.onFailed = onFailed;
  }

  /** Handled at once, or after the one being handled. */
  push(item: Item): void {
    this.waiting.push(item);
    if (this.handling) return;
    this.handling = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) this.handleOne(next);
    this.handling = false;
  }

  private handleOne(item: Item): void {
    try {
      this.handle(item);
    } catch (error) {
      this.onFailed(item, error);
    }
  }
}
