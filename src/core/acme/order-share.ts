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

  /** Whether a tenant may begin an order now. @param isAlone whether no other tenant could want one */
  allows(tenantId: string | null, perHour: number, isAlone: boolean, nowMs: number): boolean {
    this.forget(nowMs);
    if (this.begun.length >= perHour) return false;
    if (tenantId === null || isAlone) return true;
    const own = this.begun.filter((order) => order.tenantId === tenantId).length;
    const leftByOthers = perHour - (this.begun.length - own);
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
