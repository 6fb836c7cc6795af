/** Those who wait until something holds; asked again after every change. */
export class Watchers {
  private readonly watchers = new Set<() => void>();

  get isEmpty(): boolean {
    return this.watchers.size === 0;
  }

  /** Settles once `reached` holds. */
  until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    return new Promise((resolve) => {
      const watcher = () => {
        if (!reached()) return;
        this.watchers.delete(watcher);
        resolve();
      };
      this.watchers.add(watcher);
    });
  }

  tell(): void {
    for (const watcher of [...this.watchers]) watcher();
  }
}
