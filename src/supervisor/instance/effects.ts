/** Carries out the effects of a lifecycle step. */
import type { Effect, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import type { Clock } from '../../core/ports.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { ServingPeriod } from '../serving/serving-period.ts';
import type { RunnerParts } from './runner-parts.ts';

export interface EffectsOptions {
  readonly parts: Pick<RunnerParts, 'current' | 'monitor'>;
  readonly servingPeriod: ServingPeriod;
  readonly clock: Clock;
  service(): ServiceConfig;
  /** Runs the hooks that it waits for, in the background. */
  provision(): void;
  dispatch(event: LifecycleEvent): void;
}

export class Effects {
  private readonly options: EffectsOptions;
  private isHurried = false;
  private cancelScheduled = () => {};

  constructor(options: EffectsOptions) {
    this.options = options;
  }

  /** Kills the process without waiting for anything, from now on. */
  hurry(): void {
    this.isHurried = true;
  }

  carryOut(effect: Effect): void {
    const { parts, servingPeriod } = this.options;
    switch (effect.do) {
      case 'launch':
        return parts.current.launch();
      case 'adopt':
        return parts.current.adopt(effect.suspended);
      case 'provision':
        return this.options.provision();
      case 'suspend':
        return servingPeriod.suspend();
      case 'resume':
        return servingPeriod.resume();
      case 'drain':
        return this.drain();
      case 'terminate':
        return this.terminate(effect.kill);
      case 'schedule-retry':
        return this.retryAt(effect.atMs);
      case 'blame':
        return parts.current.assignBlame(effect.reason);
    }
  }

  /** Replaces an earlier scheduled retry. @param atMs ms since the epoch */
  retryAt(atMs: number): void {
    const { clock, dispatch } = this.options;
    this.cancelScheduled();
    this.cancelScheduled = clock.after(Math.max(0, atMs - clock.nowMs()), () => dispatch({ type: 'retry' }));
  }

  cancelRetry(): void {
    this.cancelScheduled();
  }

  private drain(): void {
    const { parts, service, dispatch } = this.options;
    if (this.isHurried) return dispatch({ type: 'drained', isQuiet: false });
    parts.monitor.drain(service().drainTimeoutMs, (isQuiet) => dispatch({ type: 'drained', isQuiet }));
  }

  private terminate(kill: boolean): void {
    const { parts, service } = this.options;
    parts.monitor.cancelDrain();
    void parts.current.terminate(kill || this.isHurried ? 0 : service().stopTimeoutMs);
  }
}
