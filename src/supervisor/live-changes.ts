/** Tells those who watch which instances and tenants have changed. While nobody does, a change costs a comparison. */

export class LiveChanges {
  private readonly listeners = new Set<(name: string) => void>();

  /** @param name of an instance or a tenant */
  tell(name: string): void {
    if (this.listeners.size === 0) return;
    for (const listener of this.listeners) listener(name);
  }

  /** Calls `listener`, which must not throw, with each name; the returned function ends it. */
  watch(listener: (name: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
