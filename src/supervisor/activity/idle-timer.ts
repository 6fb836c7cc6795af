/** Reports when a ready instance has been idle for its idle timeout. One timer, re-armed when it fires early. */
import { type Activity, sleepsAtMs } from '../../core/lifecycle/idle.ts';
import type { Clock } from '../../core/ports.ts';

export interface IdleTimerOptions {
  readonly clock: Clock;
  /** 0: never. Read each time, because a reload may change it. */
  idleTimeoutMs(): number;
  activity(): Activity;
  /** Called when the time has come; activity that it finds counts. */
  beforeIdle(): void;
  onIdle(): void;
}

export class IdleTimer {
  private readonly options: IdleTimerOptions;
  private cancel: (() => void) | null = null;

  constructor(options: IdleTimerOptions) {
    this.options = options;
  }

  /** When the instance becomes idle, ms since the epoch; null while something is open, or when it never sleeps. */
  get dueAtMs(): number | null {
    return sleepsAtMs(this.options.activity(), this.options.idleTimeoutMs());
  }

  /** Call when the last open request ends. Cheap when armed already. */
  arm(): void {
    if (this.cancel !== null) return;
    const dueAtMs = this.dueAtMs;
    if (dueAtMs === null) return;
    const { clock } = this.options;
    this.cancel = clock.after(Math.max(0, dueAtMs - clock.nowMs()), () => this.fire());
  }

  disarm(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private fire(): void {
    this.cancel = null;
    this.options.beforeIdle();
    const dueAtMs = this.dueAtMs;
    if (dueAtMs === null) return;
    if (dueAtMs > this.options.clock.nowMs()) return this.arm();
    this.options.onIdle();
  }
}
