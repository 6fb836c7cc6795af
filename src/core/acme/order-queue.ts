/** Names that wait for an order. Tenants take turns, whatever the number of their names. Pure. */

export const URGENCIES = ['handshake', 'background'] as const;
/** `handshake`: a client waits. */
export type Urgency = (typeof URGENCIES)[number];

export interface WaitingOrder {
  readonly name: string;
  /** null: the server's own. */
  readonly tenantId: string | null;
  readonly urgency: Urgency;
}

type Waiting = Readonly<Record<Urgency, Set<string>>>;

export class OrderQueue {
  /** Tenant → its names; the tenant whose turn is next comes first. */
  private readonly tenants = new Map<string | null, Waiting>();
  private readonly orders = new Map<string, WaitingOrder>();

  get size(): number {
    return this.orders.size;
  }

  get(name: string): WaitingOrder | undefined {
    return this.orders.get(name);
  }

  /** Adds a name. One that waits already only becomes more urgent. */
  add(order: WaitingOrder): void {
    const before = this.orders.get(order.name);
    if (before !== undefined && (before.urgency === 'handshake' || before.urgency === order.urgency)) return;
    this.remove(order.name);
    this.orders.set(order.name, order);
    const waiting = this.tenants.get(order.tenantId) ?? { handshake: new Set(), background: new Set() };
    waiting[order.urgency].add(order.name);
    this.tenants.set(order.tenantId, waiting);
  }

  remove(name: string): void {
    const order = this.orders.get(name);
    if (order === undefined) return;
    this.orders.delete(name);
    const waiting = this.tenants.get(order.tenantId);
    waiting?.[order.urgency].delete(name);
    if (waiting !== undefined && isEmpty(waiting)) this.tenants.delete(order.tenantId);
  }

  /** Takes the next name of the first tenant that `allows` accepts; null: there is none. */
  take(allows: (tenantId: string | null) => boolean): WaitingOrder | null {
    for (const [tenantId, waiting] of this.tenants) {
      if (!allows(tenantId)) continue;
      const [name] = waiting.handshake.size > 0 ? waiting.handshake : waiting.background;
      const order = name === undefined ? undefined : this.orders.get(name);
      if (order === undefined) continue;
      this.tenants.delete(tenantId);
      this.tenants.set(tenantId, waiting);
      this.remove(order.name);
      return order;
    }
    return null;
  }
}

function isEmpty({ handshake, background }: Waiting): boolean {
  return handshake.size + background.size === 0;
}
