/** A ledger of quotas in memory that survives the server, and what tests build allowances from. */
import { Allowance } from '../../../src/core/quota/allowance.ts';
import type { QuotaEntry, QuotaLedger, Written } from '../../../src/core/quota/quota-period.ts';
import { NO_POLICY, type QuotaPolicy } from '../../../src/core/quota/quota-policy.ts';
import type { QuotaKey, QuotaState } from '../../../src/core/stores/quota-store.ts';

export const perHour = (limit: number) => ({ meter: 'requests', limit, period: 'hour' }) as const;

export class MemoryLedger implements QuotaLedger {
  readonly entries = new Map<string, QuotaEntry>();
  readonly announced: string[] = [];
  readonly waiting = new Set<Written>();
  /** Whether nothing can be written. */
  isLocked = false;
  isUnreadable = false;
  writes = 0;

  read(key: QuotaKey): QuotaState | 'unknown' | null {
    if (this.isUnreadable) return 'unknown';
    return this.entries.get(nameOf(key)) ?? null;
  }

  write(entry: QuotaEntry): boolean {
    if (this.isLocked) return false;
    this.writes += 1;
    this.entries.set(nameOf(entry), entry);
    return true;
  }

  soon(written: Written): void {
    this.waiting.add(written);
  }

  flush(): void {
    for (const written of this.waiting) {
      const entry = written.entry();
      if (entry !== null && this.write(entry)) written.wrote(entry);
    }
    this.waiting.clear();
  }

  announce(tenantId: string, quota: { readonly meter: string }, percent: number): void {
    this.announced.push(`${tenantId} ${quota.meter} ${percent}`);
  }
}

function nameOf({ tenantId, meter, period, startMs }: QuotaKey): string {
  return `${tenantId} ${meter} ${period} ${startMs}`;
}

/** Time as the test sets it. */
export class Times {
  nowMs = Date.parse('2026-11-28T10:00:00Z');
  steadyMs = 0;

  pass(ms: number): void {
    this.nowMs += ms;
    this.steadyMs += ms;
  }
}

export function allowanceOf(
  policy: Partial<QuotaPolicy>,
  ledger: QuotaLedger,
  times: Times,
  total: () => number = () => 0,
): Allowance {
  return new Allowance(
    'acme',
    { ...NO_POLICY, ...policy },
    {
      nowMs: () => times.nowMs,
      steadyMs: () => times.steadyMs,
      ledger,
      total,
      onRefused: () => {},
    },
  );
}
