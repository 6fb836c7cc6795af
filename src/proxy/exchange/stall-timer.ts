/** Checks whether the client still moves a body that waits for it. Every movement restarts the time. */

export interface Stallable {
  /** Called when nothing has moved for the time limit, as far as reported. */
  stalled(): void;
  /** Called when `stalled` throws unexpectedly. */
  broken(error: unknown): void;
}

export class StallTimer {
  private timer: NodeJS.Timeout | null = null;

  /** Starts or restarts the timer. @param limitMs 0: never */
  watch(limitMs: number, body: Stallable): void {
    if (limitMs === 0) return;
    if (this.timer === null) this.timer = setTimeout(look, limitMs, body);
    else this.timer.refresh();
  }

  /** Restarts a running timer. */
  putOff(): void {
    this.timer?.refresh();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** One function for all timers, instead of a closure for each. */
function look(body: Stallable): void {
  try {
    body.stalled();
  } catch (error) {
    body.broken(error);
  }
}
