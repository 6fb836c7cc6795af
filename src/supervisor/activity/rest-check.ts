/**
 * Finds out whether direct connections that were idle for the idle timeout are silent WebSockets, or are kept at rest
 * by a front server. Checked when the time has come, and repeatedly while the answer is no.
 */
import type { Clock, LaunchedProcess } from '../../core/ports.ts';

/** A check takes a process, so a silent WebSocket is not checked each second. */
const ASK_AGAIN_AFTER_MS = 10_000;

export interface RestCheckOptions {
  readonly clock: Clock;
  readonly process: Pick<LaunchedProcess, 'isAtRest'>;
  /** Bound paths of the activation sockets that some of the connections came in at. */
  listeners(): readonly string[];
  /** Called when the connections are at rest, as of the time of the check. */
  onRest(): void;
}

export class RestCheck {
  private readonly options: RestCheckOptions;
  private notBeforeMs = 0;
  private asking = false;
  private over = false;

  constructor(options: RestCheckOptions) {
    this.options = options;
  }

  /** Checks, unless the last answer still holds. @param quietMs for how long nothing has moved */
  async ask(quietMs: number): Promise<void> {
    const { clock, process, listeners, onRest } = this.options;
    if (this.asking || clock.nowMs() < this.notBeforeMs) return;
    this.asking = true;
    // An unknown state counts as no.
    const atRest = await process.isAtRest(quietMs, listeners()).catch(() => false);
    this.asking = false;
    if (!atRest) this.notBeforeMs = clock.nowMs() + ASK_AGAIN_AFTER_MS;
    else if (!this.over) onRest();
  }

  /** Discards the last answer, because something has moved. */
  moved(): void {
    this.notBeforeMs = 0;
  }

  end(): void {
    this.over = true;
  }
}
