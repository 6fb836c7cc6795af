/** What waits for the end of an order, by name. */
export class OrderWaiters {
  private readonly waiting = new Map<string, Set<() => void>>();

  /** Settles when the order of the name has ended. */
  ended(name: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.waiting.get(name) ?? new Set();
    this.waiting.set(name, waiting.add(resolve));
    return promise;
  }

  settle(name: string): void {
    const waiting = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (const resolve of waiting) resolve();
  }

  settleAll(): void {
    for (const name of [...this.waiting.keys()]) this.settle(name);
  }
}
