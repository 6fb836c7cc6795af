/**
 * Tenants that are held: their processes have drained and ended, and their requests wait until an operation that needs the
 * tenant still is over. No request fails for it, since a hold ends in any case: with its operation, at its time limit, and
 * with the server.
 */
import type { Clock } from '../../core/ports.ts';
import { TenementError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Runner } from '../instance/runner.ts';
import type { InstanceTable } from '../instance-table.ts';
import type { TenantInstances } from './tenant-instances.ts';

export interface TenantHoldsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instanceTable: Pick<InstanceTable, 'loaded'>;
  readonly tenantInstances: Pick<TenantInstances, 'names'>;
  /** How long a tenant may be held. */
  timeoutMs(): number;
}

export class TenantHolds {
  private readonly options: TenantHoldsOptions;
  private readonly held = new Set<string>();

  constructor(options: TenantHoldsOptions) {
    this.options = options;
  }

  /** Whether none of its instances may start now. */
  isHeld(tenantId: string): boolean {
    return this.held.has(tenantId);
  }

  /**
   * Holds a tenant, runs `work` when none of its processes is left, and releases the tenant. Instances that ran, that were
   * asked to start meanwhile, or that requests wait for are started then. The caller has the tenant's lock.
   * @param signal ends the hold early
   * @param work must end when the signal that it is given aborts; nothing is released before it has
   * @returns what `work` returns
   * @throws {TenementError} `hold_timeout`; what `work` throws; the reason of `signal`
   */
  async during<Value>(
    tenantId: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    if (this.held.has(tenantId)) throw new Error(`${tenantId} is held already`);
    const late = new AbortController();
    const { clock, timeoutMs } = this.options;
    const limitMs = timeoutMs();
    const sinceMs = clock.nowMs();
    const cancel = clock.after(limitMs, () => late.abort(tooLong(tenantId, limitMs)));
    const either = AbortSignal.any([signal, late.signal]);
    try {
      either.throwIfAborted();
      this.held.add(tenantId);
      await unlessAborted(this.still(tenantId), either);
      return await work(either);
    } finally {
      cancel();
      this.release(tenantId, clock.nowMs() - sinceMs);
    }
  }

  private release(tenantId: string, heldMs: number): void {
    this.held.delete(tenantId);
    const runners = this.runners(tenantId);
    const requests = runners.reduce((sum, { held }) => sum + held, 0);
    this.options.logger.info({ tenant: tenantId, heldMs, requests }, 'a hold is over; its requests are served');
    for (const runner of runners) runner.dispatch({ type: 'unhold' });
  }

  /** Settles when its processes have ended. */
  private async still(tenantId: string): Promise<void> {
    const runners = this.runners(tenantId);
    for (const runner of runners) runner.dispatch({ type: 'hold' });
    await Promise.all(runners.map((runner) => runner.until(() => !runner.hasProcess)));
  }

  /** Instances without a runner have no process. One that gets a runner meanwhile is held from the start. */
  private runners(tenantId: string): Runner[] {
    const { instanceTable, tenantInstances } = this.options;
    return tenantInstances.names(tenantId).flatMap((name) => instanceTable.loaded(name) ?? []);
  }
}

function tooLong(tenantId: string, limitMs: number): TenementError {
  return new TenementError('hold_timeout', `requests to ${tenantId} would be held for longer than ${limitMs / 1000} s`);
}

async function unlessAborted(settled: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([settled, aborted]);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
