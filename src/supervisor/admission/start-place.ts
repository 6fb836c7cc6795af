/**
 * The place of one start among `max_concurrent_starts`, until it is ready, has failed, or only waits for time to pass.
 */

import { nextLookMs } from '../../core/lifecycle/start-place.ts';
import type { Clock, LaunchedProcess } from '../../core/ports.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { StartSlots } from './start-slots.ts';
import type { StartTimes } from './start-times.ts';

export interface StartPlaceOptions {
  readonly clock: Clock;
  readonly slots: Pick<StartSlots, 'started'>;
  readonly startTimes: StartTimes;
  readonly service: ServiceConfig;
}

export class StartPlace {
  private readonly options: StartPlaceOptions;
  private readonly begunAtMs: number;
  private looked = { atMs: 0, ranMs: 0 };
  private isHeld = true;
  private cancelLook = () => {};

  constructor(options: StartPlaceOptions) {
    this.options = options;
    this.begunAtMs = options.clock.nowMs();
    this.looked.atMs = this.begunAtMs;
  }

  /** Watches the start's process from now on. */
  watch(process: LaunchedProcess): void {
    const { clock, startTimes, service } = this.options;
    const usualMs = startTimes.usualMs(service);
    this.cancelLook = clock.after(usualMs, () => this.look(process, usualMs));
  }

  /** Notes a successful start, and leaves. */
  ready(): void {
    const { clock, startTimes, service } = this.options;
    startTimes.note(service.name, clock.nowMs() - this.begunAtMs);
    this.leave();
  }

  /** Lets another start take the place. Further calls do nothing. */
  leave(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.cancelLook();
    this.options.slots.started();
  }

  private look(process: LaunchedProcess, usualMs: number): void {
    const { clock } = this.options;
    const before = this.looked;
    this.looked = { atMs: clock.nowMs(), ranMs: process.runTimeMs() };
    const nextMs = nextLookMs({
      elapsedMs: this.looked.atMs - this.begunAtMs,
      sinceLookMs: this.looked.atMs - before.atMs,
      ranMs: this.looked.ranMs - before.ranMs,
      usualMs,
    });
    if (nextMs === null) this.leave();
    else this.cancelLook = clock.after(nextMs, () => this.look(process, usualMs));
  }
}
