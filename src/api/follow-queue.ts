/** What waits to be sent to a follower: bounded, so that a slow reader costs a fixed amount of memory. */

/** Text that may wait for one follower. Past it the follower is cut off; it can come back with a `since`. */
const LIMIT_CHARS = 4 * 1024 * 1024;

export class FollowQueue<Item> {
  #items: Item[] = [];
  #chars = 0;
  #ended = false;
  readonly #overflow = new AbortController();
  #wake: () => void = () => {};
  readonly #sizeOf: (item: Item) => number;
  readonly #limit: number;

  /** `sizeOf` gives an item's share of `limit`, in characters. */
  constructor(sizeOf: (item: Item) => number, limit: number = LIMIT_CHARS) {
    this.#sizeOf = sizeOf;
    this.#limit = limit;
  }

  /** Aborts when more waits than the limit: nothing of it is kept, and the follower is to be cut off. */
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

  /** Everything that waits now, oldest first. */
  take(): Item[] {
    const items = this.#items;
    this.#items = [];
    this.#chars = 0;
    return items;
  }

  /** No more will come: `batches` ends after what waits. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Yields what has come, as it comes, until `end`. */
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
