/** What is used of quotas, in memory. */
import type { QuotaKey, QuotaState, QuotaStore } from '../../src/core/stores/quota-store.ts';

export class FakeQuotas implements QuotaStore {
  readonly entries = new Map<string, QuotaKey & QuotaState>();
  /** Error of every write. */
  failure: Error | null = null;

  read(key: QuotaKey): QuotaState | null {
    return this.entries.get(nameOf(key)) ?? null;
  }

  save(entries: readonly (QuotaKey & QuotaState)[]): void {
    if (this.failure !== null) throw this.failure;
    for (const entry of entries) this.entries.set(nameOf(entry), entry);
  }
}

function nameOf({ tenantId, meter, period, startMs }: QuotaKey): string {
  return `${tenantId} ${meter} ${period} ${startMs}`;
}
