/** Begins orders: a few at once, at most so many in an hour, tenants in turn, and none while the authority wants a pause. */
import { OrderQueue, type WaitingOrder } from '../core/acme/order-queue.ts';
import { type BegunOrder, HOUR_MS, OrderShare } from '../core/acme/order-share.ts';
import type { Clock } from '../core/ports.ts';

/** Orders that are under way at once. */
const AT_ONCE = 4;
/** More names are not kept waiting. Those that are due are found again. */
const MAX_WAITING = 10_000;

export interface OrderSchedulerOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly perHour: number;
  /** Orders of the last hour, also of an earlier server. */
  readonly begun: readonly BegunOrder[];
  /** Whether no other tenant could want an order. */
  isAlone(): boolean;
  /** Takes an order to its end. Never rejects. */
  run(order: WaitingOrder): Promise<void>;
  /** Writes down that an order was begun. */
  onBegun(order: BegunOrder, sinceMs: number): void;
}

export class OrderScheduler {
  private readonly options: OrderSchedulerOptions;
  private readonly queue = new OrderQueue();
  private readonly share: OrderShare;
  private readonly running = new Map<string, Promise<void>>();
  /** Running names that are about to begin an order → their tenants. */
  private readonly reserved = new Map<string, string | null>();
  private pause: { readonly fromMs: number; readonly untilMs: number } | null = null;
  private isEnded = false;

  constructor(options: OrderSchedulerOptions) {
    this.options = options;
    this.share = new OrderShare(options.begun);
  }

  /** Whether no order is begun now, because the authority wants a pause. */
  get isPaused(): boolean {
    const nowMs = this.options.clock.nowMs();
    // A clock that was set back ends it.
    return this.pause !== null && nowMs >= this.pause.fromMs && nowMs < this.pause.untilMs;
  }

  /** Whether an order of the name is under way. */
  isRunning(name: string): boolean {
    return this.running.has(name);
  }

  isWaiting(name: string): boolean {
    return this.queue.get(name) !== undefined;
  }

  /** Whether the tenant may begin another order in this hour. */
  mayBegin(tenantId: string | null): boolean {
    const { perHour, isAlone, clock } = this.options;
    const reserved = [...this.reserved.values()];
    return this.share.allows(tenantId, { perHour, isAlone: isAlone(), nowMs: clock.nowMs(), reserved });
  }

  add(order: WaitingOrder): void {
    if (this.isEnded || this.running.has(order.name)) return;
    if (this.queue.size < MAX_WAITING || order.urgency === 'handshake') this.queue.add(order);
    this.begin();
  }

  remove(name: string): void {
    this.queue.remove(name);
  }

  /** Reserves another order for a running name. Returns whether there may be one in this hour. */
  reserve({ name, tenantId }: Pick<WaitingOrder, 'name' | 'tenantId'>): boolean {
    if (!this.mayBegin(tenantId)) return false;
    this.reserved.set(name, tenantId);
    return true;
  }

  /** Counts an order of a running name. */
  begun({ name, tenantId }: Pick<WaitingOrder, 'name' | 'tenantId'>): void {
    this.reserved.delete(name);
    const nowMs = this.options.clock.nowMs();
    const order = { tenantId, atMs: nowMs };
    this.share.add(order);
    this.options.onBegun(order, nowMs - HOUR_MS);
  }

  /** Ends a pause that the authority has asked for. */
  resume(): void {
    this.pause = null;
  }

  /** Begins nothing for this time. */
  wait(ms: number): void {
    const fromMs = this.options.clock.nowMs();
    const untilMs = fromMs + ms;
    if (!this.isPaused || untilMs > (this.pause?.untilMs ?? 0)) this.pause = { fromMs, untilMs };
  }

  /** Begins what may begin now. */
  begin(): void {
    while (!this.isEnded && !this.isPaused && this.running.size < AT_ONCE) {
      const order = this.queue.take((tenantId) => this.mayBegin(tenantId));
      if (order === null) return;
      this.reserved.set(order.name, order.tenantId);
      this.start(order);
    }
  }

  /** Goes on with an order of an earlier server, which counted it. */
  goOn(order: WaitingOrder): void {
    if (!this.isEnded && !this.running.has(order.name)) this.start(order);
  }

  private start(order: WaitingOrder): void {
    const run = this.options.run(order).finally(() => {
      this.reserved.delete(order.name);
      this.running.delete(order.name);
      this.begin();
    });
    this.running.set(order.name, run);
  }

  /** Returns when waiting orders may begin; null: nothing waits. Ms since the epoch. */
  nextAtMs(): number | null {
    if (this.queue.size === 0) return null;
    const { clock } = this.options;
    const nowMs = clock.nowMs();
    return this.isPaused && this.pause !== null ? this.pause.untilMs : (this.share.nextAtMs(nowMs) ?? nowMs);
  }

  /** Begins no more. Settles when the running orders have ended. */
  async end(): Promise<void> {
    this.isEnded = true;
    await Promise.all(this.running.values());
  }
}
