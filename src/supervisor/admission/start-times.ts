/** How long the last successful starts of each service took. */

import { usualStartMs } from '../../core/lifecycle/start-place.ts';
import type { ServiceConfig } from '../../core/service/service.ts';

/** Of each service. */
const KEPT = 9;

export class StartTimes {
  private readonly byService = new Map<string, number[]>();

  /** One has become ready after so long. */
  note(service: string, ms: number): void {
    const times = this.byService.get(service) ?? [];
    this.byService.set(service, [...times, ms].slice(-KEPT));
  }

  usualMs({ name, startupTimeoutMs }: Pick<ServiceConfig, 'name' | 'startupTimeoutMs'>): number {
    return usualStartMs(this.byService.get(name) ?? [], startupTimeoutMs);
  }
}
