/** The allowances of tenants whose plans bound their requests. All instances of a tenant share one. */

import { Allowance } from '../../core/quota/allowance.ts';
import type { Period } from '../../core/quota/period.ts';
import type { Quota, QuotaMeter } from '../../core/quota/quota.ts';
import type { QuotaEntry } from '../../core/quota/quota-period.ts';
import { NO_POLICY, type QuotaPolicy } from '../../core/quota/quota-policy.ts';
import type { UsageTotals } from '../../core/usage/meters.ts';
import { TenementError } from '../../errors.ts';
import { StoredLedger, type StoredLedgerOptions } from './quota-ledger.ts';

/** How much of a quota a tenant has used in the current period. */
export interface QuotaView {
  readonly meter: QuotaMeter;
  /** Requests, seconds or bytes. */
  readonly used: number;
  readonly limit: number;
  readonly period: Period;
  /** When the next period begins, ms since the epoch. */
  readonly resetsAtMs: number;
}

export interface AllowancesOptions extends StoredLedgerOptions {
  /** Returns what the tenant's plan says; null: nothing. */
  policyOf(tenantId: string): QuotaPolicy | null;
  /** Ms of a clock that is never set. */
  steadyMs(): number;
  readonly totals: UsageTotals;
}

/** The meters of usage that quotas refer to. Requests are counted by the quota itself. */
const TOTALS = { requests: 'requests', cpu: 'cpuSeconds', awake: 'awakeSeconds', egress: 'egressBytes' } as const;

export class Allowances {
  private readonly options: AllowancesOptions;
  private readonly ledger: StoredLedger;
  private readonly all = new Map<string, Allowance>();

  constructor(options: AllowancesOptions) {
    this.options = options;
    this.ledger = new StoredLedger(options);
    options.totals.onGrowth((tenantId) => this.all.get(tenantId)?.measure());
  }

  /** Returns the allowance under the tenant's current plan; null when that bounds nothing. */
  of(tenantId: string): Allowance | null {
    const policy = this.options.policyOf(tenantId);
    const known = this.all.get(tenantId);
    known?.renew(policy ?? NO_POLICY);
    if (policy === null) return null;
    const allowance = known ?? this.make(tenantId, policy);
    this.all.set(tenantId, allowance);
    return allowance;
  }

  quotasOf(tenantId: string): QuotaView[] {
    const allowance = this.of(tenantId);
    if (allowance === null) return [];
    return allowance.current.map(({ count, period: { quota, span } }) => viewOf(quota, count, span.endMs));
  }

  /** Whether a tenant's requests are refused until a period of a quota ends, or its plan changes. */
  isOverQuota(tenantId: string): boolean {
    return this.of(tenantId)?.isOver === true;
  }

  /** Forgets a tenant that is gone, so that another of its name begins anew. */
  forget(tenantId: string): void {
    for (const quota of this.all.get(tenantId)?.quotas ?? []) this.ledger.cancel(quota);
    this.all.delete(tenantId);
  }

  /** Gives back what was reserved in vain. No request is forwarded any more. */
  close(): void {
    const last = Array.from(this.all.values(), (allowance) => allowance.lastEntry());
    this.ledger.close(last.filter((entry): entry is QuotaEntry => entry !== null));
  }

  private make(tenantId: string, policy: QuotaPolicy): Allowance {
    const { clock, totals, steadyMs } = this.options;
    return new Allowance(tenantId, policy, {
      nowMs: () => clock.nowMs(),
      steadyMs,
      ledger: this.ledger,
      total: (id, meter, fromMs) => readable(() => totals.total(id, TOTALS[meter], fromMs)),
    });
  }
}

function viewOf({ meter, limit, period }: Quota, used: number, resetsAtMs: number): QuotaView {
  return { meter, used, limit, period, resetsAtMs };
}

/** Returns null while the registry cannot be read. */
function readable(read: () => number): number | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof TenementError) return null;
    throw error;
  }
}
