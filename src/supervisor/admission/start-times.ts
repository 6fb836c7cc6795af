/** Durations of the last successful starts of each service. */

import { usualStartMs } from '../../core/lifecycle/start-place.ts';
import type { ServiceConfig } from '../../core/service/service.ts';

/** How many durations are kept for each service. */
const KEPT = 9;

export class StartTimes {
  private readonly byService = new Map<string, number[]>();

  /** Notes a successful start. */
  note(service: string, ms: number): void {
    const times = this.byService.get(service) ?? [];
    this.byService.set(service, [...times, ms].slice(-KEPT));
  }

  usualMs({ name, startupTimeoutMs }: Pick<ServiceConfig, 'name' | 'startupTimeoutMs'>): number {
    return usualStartMs(this.byService.get(name) ?? [], startupTimeoutMs);
  }
}
