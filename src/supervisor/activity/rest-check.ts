/**
 * Connections straight to an instance on which nothing has moved for its idle timeout: silent WebSockets, or ones that
 * a front server keeps at rest? Asked when the time has come, and again now and then while the answer is no.
 */
import type { Clock, LaunchedProcess } from '../../core/ports.ts';

/** An answer takes a process, so a silent WebSocket is not asked about each second. */
const ASK_AGAIN_AFTER_MS = 10_000;

export interface RestCheckOptions {
  readonly clock: Clock;
  readonly process: Pick<LaunchedProcess, 'isAtRest'>;
  /** Paths of the activation sockets at which some of them came in. */
  listeners(): readonly string[];
  /** They are at rest, as far as was known when it was asked. */
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

  /** `quietMs`: for how long nothing has moved. Does nothing while the last answer stands. */
  async ask(quietMs: number): Promise<void> {
    const { clock, process, listeners, onRest } = this.options;
    if (this.asking || clock.nowMs() < this.notBeforeMs) return;
    this.asking = true;
    // Not known is no.
    const atRest = await process.isAtRest(quietMs, listeners()).catch(() => false);
    this.asking = false;
    if (!atRest) this.notBeforeMs = clock.nowMs() + ASK_AGAIN_AFTER_MS;
    else if (!this.over) onRest();
  }

  /** Something moved: the last answer stands no more. */
  moved(): void {
    this.notBeforeMs = 0;
  }

  end(): void {
    this.over = true;
  }
}
