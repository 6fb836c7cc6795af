/** Looks, while a body waits for its client, whether the client still moves it. Put off by what moves. */

export interface Stallable {
  /** The time is over since something moved last, as far as that was told. */
  stalled(): void;
  /** That failed as nobody expects. */
  broken(error: unknown): void;
}

export class StallTimer {
  private timer: NodeJS.Timeout | null = null;

  /** Begins, or begins anew. `limitMs`: 0: never. */
  watch(limitMs: number, body: Stallable): void {
    if (limitMs === 0) return;
    if (this.timer === null) this.timer = setTimeout(look, limitMs, body);
    else this.timer.refresh();
  }

  /** Begins anew, where it runs. */
  putOff(): void {
    this.timer?.refresh();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** One function for all timers instead of a closure for each. */
function look(body: Stallable): void {
  try {
    body.stalled();
  } catch (error) {
    body.broken(error);
  }
}
