/**
 * Bounds how many tenants have series of their own, and adds up the rest. Pure. A sum of counters must never fall, or a
 * query would read the end of one tenant as a restart of all, so it keeps what tenants had that are gone.
 */

/** Tenants with series of their own; each has about fifteen for each instance. */
export const MAX_TENANTS = 10_000;
/** Label of all other tenants together. No tenant has this id, because ids are DNS labels. */
export const OTHER_TENANTS = '_other';

export class TenantSeries {
  private readonly max: number;
  /** Tenant → number of the walk that has seen it last. */
  private readonly admitted = new Map<string, number>();
  private walk = 0;

  /** @param max 0: no tenant has series of its own, and there is no label */
  constructor(max: number) {
    this.max = max;
  }

  /** Begins a walk over all tenants. Those that the last walk has not seen are gone, and give up their place. */
  begin(): void {
    for (const [tenant, seen] of this.admitted) if (seen < this.walk) this.admitted.delete(tenant);
    this.walk += 1;
  }

  /** Returns the value of the label; null: the metric has none. A tenant keeps its place for as long as it exists. */
  labelOf(tenantId: string): string | null {
    if (this.max === 0) return null;
    if (!this.admitted.has(tenantId) && this.admitted.size >= this.max) return OTHER_TENANTS;
    this.admitted.set(tenantId, this.walk);
    return tenantId;
  }
}

/** Adds up counters of several owners to sums that never fall. */
export class CounterSums {
  private readonly totals = new Map<string, number>();
  private before = new Map<string, number>();
  private now = new Map<string, number>();

  /** Begins a walk over all owners. */
  begin(): void {
    this.before = this.now;
    this.now = new Map();
  }

  /** @param key the counter of one owner @param value which began anew if it is less than in the walk before */
  add(sum: string, key: string, value: number): void {
    const before = this.before.get(key) ?? 0;
    this.totals.set(sum, (this.totals.get(sum) ?? 0) + (value < before ? value : value - before));
    this.now.set(key, value);
  }

  get entries(): Iterable<readonly [sum: string, total: number]> {
    return this.totals;
  }
}
