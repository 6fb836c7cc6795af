/**
 * The current hours of tenants, in memory until they are over and written. Totals are absolute, so that a write may be
 * repeated: an hour is read from the store before anything is added to it.
 */
import type { UsageRow, UsageStore } from '../stores/usage-store.ts';
import { hourOf } from './hours.ts';
import type { Meter, MeterValues, UsageTotals } from './meters.ts';
import { addTo, newTally, type Tally } from './tally.ts';

type LedgerStore = Pick<UsageStore, 'read' | 'sum'>;

interface TenantHours {
  readonly open: Map<number, Tally>;
  /** First hour → what was used since, apart from the open hours. */
  readonly sums: Map<number, Tally>;
}

export class UsageLedger implements UsageTotals {
  private readonly store: LedgerStore;
  private readonly tenants = new Map<string, TenantHours>();
  /** Tenant → hours that have changed since they were taken for a write. */
  private readonly changed = new Map<string, Set<number>>();
  private readonly listeners: ((tenantId: string) => void)[] = [];
  private sweptHour = 0;

  constructor(store: LedgerStore) {
    this.store = store;
  }

  /** @throws {TenementError} `state_failed` when the hour cannot be read; nothing is added then */
  add(tenantId: string, hour: number, values: MeterValues): void {
    if (!addTo(this.opened(tenantId, hour), values)) return;
    const hours = this.changed.get(tenantId) ?? new Set();
    this.changed.set(tenantId, hours.add(hour));
  }

  total(tenantId: string, meter: Meter, fromMs: number): number {
    const fromHour = hourOf(fromMs);
    const hours = this.hoursOf(tenantId);
    let sum = hours.sums.get(fromHour);
    if (sum === undefined) {
      sum = this.store.sum(tenantId, fromHour, [...hours.open.keys()]);
      hours.sums.set(fromHour, sum);
    }
    const total = newTally();
    addTo(total, { [meter]: sum[meter] });
    for (const [hour, tally] of hours.open) if (hour >= fromHour) addTo(total, { [meter]: tally[meter] });
    return total[meter];
  }

  onGrowth(listener: (tenantId: string) => void): void {
    this.listeners.push(listener);
  }

  /** Takes the hours that have changed since the last call. Those of a failed write are given back. */
  takeChanged(): UsageRow[] {
    const rows = Array.from(this.changed, ([tenantId, hours]) =>
      Array.from(hours, (hour) => ({ tenantId, hour, tally: this.opened(tenantId, hour) })),
    ).flat();
    this.changed.clear();
    return rows;
  }

  /** Notes rows that could not be written, to be taken again. */
  giveBack(rows: readonly UsageRow[]): void {
    for (const { tenantId, hour } of rows) {
      const hours = this.changed.get(tenantId) ?? new Set();
      this.changed.set(tenantId, hours.add(hour));
    }
  }

  /** Tells listeners of tenants whose hours have grown. */
  tellGrowth(rows: readonly UsageRow[]): void {
    for (const tenantId of new Set(rows.map((row) => row.tenantId))) {
      for (const listener of this.listeners) listener(tenantId);
    }
  }

  /** Forgets written hours that are over, once an hour. @param nowMs ms since the epoch */
  sweep(nowMs: number): void {
    const current = hourOf(nowMs);
    if (current === this.sweptHour) return;
    this.sweptHour = current;
    for (const [tenantId, { open, sums }] of this.tenants) {
      sums.clear();
      const changed = this.changed.get(tenantId);
      for (const hour of open.keys()) if (hour !== current && changed?.has(hour) !== true) open.delete(hour);
      if (open.size === 0) this.tenants.delete(tenantId);
    }
  }

  private opened(tenantId: string, hour: number): Tally {
    const hours = this.hoursOf(tenantId);
    let tally = hours.open.get(hour);
    if (tally === undefined) {
      tally = this.store.read(tenantId, hour) ?? newTally();
      hours.open.set(hour, tally);
      hours.sums.clear();
    }
    return tally;
  }

  private hoursOf(tenantId: string): TenantHours {
    const hours = this.tenants.get(tenantId) ?? { open: new Map(), sums: new Map() };
    this.tenants.set(tenantId, hours);
    return hours;
  }
}
