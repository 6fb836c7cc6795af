/**
 * How many orders are begun in an hour, and by whom. One tenant with a thousand domains gets at most half of what is left
 * for all, so another tenant's first domain is still certified. Pure.
 */

export const HOUR_MS = 60 * 60_000;

export interface BegunOrder {
  readonly atMs: number;
  /** null: the server's own. */
  readonly tenantId: string | null;
}

export interface OrderBounds {
  readonly perHour: number;
  /** Whether no other tenant could want an order. */
  readonly isAlone: boolean;
  readonly nowMs: number;
  /** Tenants of orders that are about to begin. */
  readonly reserved?: readonly (string | null)[];
}

export class OrderShare {
  /** Oldest first. */
  private begun: BegunOrder[];

  /** @param begun orders of the last hour, also of an earlier server */
  constructor(begun: readonly BegunOrder[]) {
    this.begun = [...begun].sort((a, b) => a.atMs - b.atMs);
  }

  add(order: BegunOrder): void {
    this.begun.push(order);
  }

  /** Whether a tenant may begin an order now. */
  allows(tenantId: string | null, { perHour, isAlone, nowMs, reserved = [] }: OrderBounds): boolean {
    this.forget(nowMs);
    const tenants = [...this.begun.map((order) => order.tenantId), ...reserved];
    if (tenants.length >= perHour) return false;
    if (tenantId === null || isAlone) return true;
    const own = tenants.filter((one) => one === tenantId).length;
    const leftByOthers = perHour - (tenants.length - own);
    return own < Math.ceil(leftByOthers / 2);
  }

  /** Returns when the oldest order of the hour no longer counts; null: none counts. */
  nextAtMs(nowMs: number): number | null {
    this.forget(nowMs);
    const [oldest] = this.begun;
    return oldest === undefined ? null : oldest.atMs + HOUR_MS;
  }

  /** Orders of a future that a jump of the clock has made do not count, either. */
  private forget(nowMs: number): void {
    this.begun = this.begun.filter(({ atMs }) => atMs > nowMs - HOUR_MS && atMs <= nowMs);
  }
}
