/**
 * Closes tenants whose time is over, and opens them again when they get a later date. One timer, for the nearest date: it
 * looks at the clock at least once a minute, so that a jump of the clock in either direction is noticed.
 */
import { SYSTEM } from '../../core/access/actor.ts';
import type { Clock } from '../../core/ports.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import { nextLookMs } from '../../core/tenants/expiry.ts';
import { REFUSALS } from '../../core/tenants/tenant-state.ts';
import { attempt } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { TenantGates } from './tenant-gates.ts';
import type { TenantTable } from './tenant-table.ts';

/** More events than are kept. */
const ALL = 1_000_000;

export interface ExpiryWatchOptions {
  readonly clock: Clock;
  readonly tenants: TenantTable;
  readonly gates: TenantGates;
  readonly events: EventLog;
  readonly logger: Logger;
}

export class ExpiryWatch {
  private readonly options: ExpiryWatchOptions;
  private cancel: (() => void) | null = null;
  private ended = false;
  /** Tenant → when its last `expired` event was, of those that an earlier server wrote. */
  private told = new Map<string, number>();

  constructor(options: ExpiryWatchOptions) {
    this.options = options;
  }

  /** Closes the tenants whose time ended while no server ran, too. */
  begin(): void {
    const { tenants, events } = this.options;
    if (tenants.expiries().next().done !== true) {
      for (const { tenant, atMs } of events.list({ type: 'expired', tail: ALL }))
        if (tenant !== null) this.told.set(tenant, atMs);
    }
    this.look();
    this.told.clear();
  }

  /** Applies a changed date, or one that is new or gone. */
  renew(): void {
    if (this.ended) return;
    this.look();
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
    this.cancel = null;
  }

  private look(): void {
    const { clock, tenants, gates } = this.options;
    this.cancel?.();
    this.cancel = null;
    const nowMs = clock.nowMs();
    for (const tenantId of gates.closedFor('expired')) {
      const expiresAtMs = tenants.get(tenantId)?.expiresAtMs ?? null;
      if (expiresAtMs === null || expiresAtMs > nowMs) gates.open(tenantId, 'expired');
    }
    for (const [tenantId, atMs] of tenants.expiries()) if (atMs <= nowMs) this.expire(tenantId, atMs, nowMs);
    const dates = Array.from(tenants.expiries(), ([, atMs]) => atMs);
    const delayMs = nextLookMs(dates, nowMs);
    if (delayMs !== null) this.cancel = clock.after(delayMs, () => this.look());
  }

  private expire(tenantId: string, expiresAtMs: number, nowMs: number): void {
    const { gates, events, logger } = this.options;
    if (gates.isClosed(tenantId, 'expired')) return;
    attempt(logger, { tenant: tenantId }, () => gates.close(tenantId, 'expired', REFUSALS.expired));
    if ((this.told.get(tenantId) ?? Number.NEGATIVE_INFINITY) >= expiresAtMs) return;
    const expiredAt = new Date(expiresAtMs).toISOString();
    logger.info({ tenant: tenantId, expiredAt }, 'a tenant has expired');
    const about = { atMs: nowMs, instance: null, tenant: tenantId, by: SYSTEM };
    events.append({ ...about, type: 'expired', message: 'its time is over', data: { expiredAt } });
  }
}
