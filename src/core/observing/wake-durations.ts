/** How long wakes take, by service. Pure. */
import { Histogram } from './histogram.ts';

/**
 * Upper bounds in seconds. A small program is ready after some tens of milliseconds, a large framework after some
 * seconds, and `startup_timeout` is 30 s by default.
 */
export const WAKE_BOUNDS_S = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

export class WakeDurations {
  private readonly byService = new Map<string, Histogram>();

  observe(service: string, durationMs: number): void {
    const known = this.byService.get(service) ?? new Histogram(WAKE_BOUNDS_S);
    this.byService.set(service, known);
    known.observe(durationMs / 1000);
  }

  entries(): Iterable<readonly [service: string, durations: Histogram]> {
    return this.byService;
  }
}
