/** A value that takes time to find out: the last one is at hand, and a new one is looked for when it is old. */
import type { Logger } from '../logger.ts';

/** How long a reader waits for a new value before it gets the last one. */
const PATIENCE_MS = 500;

export class Background<Value> {
  private readonly find: () => Promise<Value>;
  private readonly freshMs: number;
  private readonly logger: Logger;
  private value: Value;
  private foundAtMs = Number.NEGATIVE_INFINITY;
  private search: Promise<void> | null = null;

  /** @param first until something is found @param freshMs how long a value is not looked for again */
  constructor(find: () => Promise<Value>, first: Value, freshMs: number, logger: Logger) {
    this.find = find;
    this.value = first;
    this.freshMs = freshMs;
    this.logger = logger;
  }

  /** Returns the last value, and looks for another if that one is old: once at a time, however many ask. */
  now(): Value {
    if (performance.now() - this.foundAtMs >= this.freshMs) this.search ??= this.look();
    return this.value;
  }

  /** The same, after the search unless that takes long. */
  async latest(): Promise<Value> {
    this.now();
    if (this.search !== null) await Promise.race([this.search, patience()]);
    return this.value;
  }

  private async look(): Promise<void> {
    try {
      this.value = await this.find();
    } catch (error) {
      this.logger.debug({ err: error }, 'a look at the host failed');
    }
    this.foundAtMs = performance.now();
    this.search = null;
  }
}

function patience(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, PATIENCE_MS).unref());
}
