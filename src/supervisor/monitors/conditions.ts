/** Waits for conditions, which are checked again after every change. */
export class Conditions {
  private readonly conditions = new Set<() => void>();

  get isEmpty(): boolean {
    return this.conditions.size === 0;
  }

  /** Settles once `reached` returns true. */
  until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    return new Promise((resolve) => {
      const condition = () => {
        if (!reached()) return;
        this.conditions.delete(condition);
        resolve();
      };
      this.conditions.add(condition);
    });
  }

  tell(): void {
    for (const condition of [...this.conditions]) condition();
  }
}
