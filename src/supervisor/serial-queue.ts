/** Handles items one at a time, each to its end. An item that arrives meanwhile waits its turn. */
export class SerialQueue<Item> {
  private readonly waiting: Item[] = [];
  private readonly handle: (item: Item) => void;
  private readonly onFailed: (item: Item, error: unknown) => void;
  private handling = false;

  /** @param onFailed called with an exception of `handle`; waiting items are handled all the same */
  constructor(handle: (item: Item) => void, onFailed: (item: Item, error: unknown) => void) {
    this.handle = handle;
    this.onFailed = onFailed;
  }

  /** Handles an item at once, or after the current one. */
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
