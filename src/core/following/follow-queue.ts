/** Items that wait to be sent to a follower, bounded so that a slow reader takes a fixed amount of memory. */

/** Text that may wait for one follower. A follower that exceeds it is disconnected; it can continue with `since`. */
const LIMIT_CHARS = 4 * 1024 * 1024;

export class FollowQueue<Item> {
  #items: Item[] = [];
  #chars = 0;
  #ended = false;
  readonly #overflow = new AbortController();
  #wake: () => void = () => {};
  readonly #sizeOf: (item: Item) => number;
  readonly #limit: number;

  /** @param sizeOf size of an item in characters @param limit most characters that may wait */
  constructor(sizeOf: (item: Item) => number, limit: number = LIMIT_CHARS) {
    this.#sizeOf = sizeOf;
    this.#limit = limit;
  }

  /** Aborts when more waits than the limit. Nothing of it is kept, and the follower must be disconnected. */
  get overflow(): AbortSignal {
    return this.#overflow.signal;
  }

  push(item: Item): void {
    if (this.#ended) return;
    this.#chars += this.#sizeOf(item);
    if (this.#chars > this.#limit) {
      this.take();
      this.end();
      this.#overflow.abort();
      return;
    }
    this.#items.push(item);
    this.#wake();
  }

  /** Removes and returns all waiting items, oldest first. */
  take(): Item[] {
    const items = this.#items;
    this.#items = [];
    this.#chars = 0;
    return items;
  }

  /** Ends `batches` after the items that still wait. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Yields items as they arrive, until `end`. */
  async *batches(): AsyncGenerator<Item[]> {
    while (true) {
      if (this.#items.length > 0) {
        yield this.take();
        continue;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
