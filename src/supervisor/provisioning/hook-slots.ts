/** Bounds how many hooks run at once. Whoever has a slot never waits for a tenant's lock. */

/** Returned when the wait was ended. */
export type Slot = { release(): void } | null;

export class HookSlots {
  private free: number;
  private readonly waiting = new Set<() => void>();

  constructor(count: number) {
    this.free = count;
  }

  /** Takes a slot, in the order of the calls. @param signal ends the wait; the result is then null */
  async take(signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return null;
    if (this.free > 0) {
      this.free -= 1;
      return this.slot();
    }
    return new Promise((resolve) => {
      const grant = () => {
        signal.removeEventListener('abort', give);
        resolve(this.slot());
      };
      const give = () => {
        this.waiting.delete(grant);
        resolve(null);
      };
      this.waiting.add(grant);
      signal.addEventListener('abort', give, { once: true });
    });
  }

  private slot(): { release(): void } {
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        const [next] = this.waiting;
        if (next === undefined) this.free += 1;
        else {
          this.waiting.delete(next);
          next();
        }
      },
    };
  }
}
