/** The allowances of tenants whose plans bound their requests. All instances of a tenant share one. */

import { Allowance } from '../../core/quota/allowance.ts';
import type { Quota } from '../../core/quota/quota.ts';
import type { QuotaFace, QuotaView, RefusedRequests } from '../../core/quota/quota-face.ts';
import type { QuotaEntry } from '../../core/quota/quota-period.ts';
import { NO_POLICY, type QuotaPolicy } from '../../core/quota/quota-policy.ts';
import type { UsageTotals } from '../../core/usage/meters.ts';
import { type ErrorCode, TenementError } from '../../errors.ts';
import { StoredLedger, type StoredLedgerOptions } from './quota-ledger.ts';

export interface AllowancesOptions extends StoredLedgerOptions {
  /** Returns what the tenant's plan says; null: nothing. */
  policyOf(tenantId: string): QuotaPolicy | null;
  /** Ms of a clock that is never set. */
  steadyMs(): number;
  readonly totals: UsageTotals;
}

/** The meters of usage that quotas refer to. Requests are counted by the quota itself. */
const TOTALS = { requests: 'requests', cpu: 'cpuSeconds', awake: 'awakeSeconds', egress: 'egressBytes' } as const;

export class Allowances implements QuotaFace {
  private readonly options: AllowancesOptions;
  private readonly ledger: StoredLedger;
  private readonly all = new Map<string, Allowance>();
  private readonly refused = new Map<string, Map<ErrorCode, number>>();

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

  isOverQuota(tenantId: string): boolean {
    return this.of(tenantId)?.isOver === true;
  }

  /** Counts requests that were refused over a limit. */
  countRefused(tenantId: string, code: ErrorCode, requests: number): void {
    const counts = this.refused.get(tenantId) ?? new Map<ErrorCode, number>();
    this.refused.set(tenantId, counts.set(code, (counts.get(code) ?? 0) + requests));
  }

  *refusedRequests(): Generator<RefusedRequests> {
    for (const [tenantId, counts] of this.refused) {
      for (const [code, requests] of counts) yield { tenantId, code, requests };
    }
  }

  metered(): Iterable<string> {
    return this.all.keys();
  }

  /** Forgets a tenant that is gone, so that another of its name begins anew. */
  forget(tenantId: string): void {
    for (const quota of this.all.get(tenantId)?.quotas ?? []) this.ledger.cancel(quota);
    this.all.delete(tenantId);
    this.refused.delete(tenantId);
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
      onRefused: (code) => this.countRefused(tenantId, code, 1),
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
