/** A worker's part of a tenant's allowance: permits that it spends, and slots of the requests that it has open. Pure. */
import type { LoanAccount, LoanGrant } from './loan.ts';

export class Borrowed {
  private readonly tenantId: string;
  epoch = -1;
  private permits = 0;
  /** Infinite when requests need no slot. */
  private slots = 0;
  private open = 0;
  private spent = 0;
  private returned = 0;
  private slotsReturned = 0;
  private fromMs = Number.NEGATIVE_INFINITY;
  private untilMs = Number.POSITIVE_INFINITY;
  /** Whether slots are given back as soon as they are free. */
  private isRecalled = false;

  constructor(tenantId: string) {
    this.tenantId = tenantId;
  }

  /** Whether there is something to give back. */
  get isUnused(): boolean {
    return this.permits > 0 || (Number.isFinite(this.slots) && this.slots > this.open);
  }

  add({ epoch, permits, slots, fromMs, untilMs }: LoanGrant): void {
    if (epoch !== this.epoch) {
      this.permits = 0;
      this.spent = 0;
      this.returned = 0;
    }
    this.epoch = epoch;
    this.permits += permits;
    if (slots === null) this.slotsReturned += finite(this.slots);
    this.slots = slots === null ? Number.POSITIVE_INFINITY : finite(this.slots) + slots;
    this.fromMs = fromMs ?? Number.NEGATIVE_INFINITY;
    this.untilMs = untilMs ?? Number.POSITIVE_INFINITY;
    this.isRecalled = false;
  }

  /** Admits a request, if what was lent suffices. */
  take(nowMs: number): boolean {
    if (this.permits === 0 || this.open >= this.slots || nowMs < this.fromMs || nowMs >= this.untilMs) return false;
    this.permits -= 1;
    this.spent += 1;
    this.open += 1;
    return true;
  }

  /**
   * Ends a request. Returns whether something was given back, which the server should know at once.
   * @param epoch that of its permit, which is given back; null: the permit is spent
   */
  release(epoch: number | null): boolean {
    this.open -= 1;
    if (epoch === this.epoch) {
      this.permits += 1;
      this.spent -= 1;
    }
    if (this.isRecalled) this.returnUnused();
    return this.isRecalled;
  }

  /** Gives back what is not needed. */
  settle(): LoanAccount {
    this.isRecalled = true;
    this.returnUnused();
    return this.account();
  }

  account(): LoanAccount {
    const { tenantId, epoch, spent, returned, slotsReturned } = this;
    return { tenantId, epoch, spent, returned, slotsReturned };
  }

  private returnUnused(): void {
    this.returned += this.permits;
    this.permits = 0;
    if (!Number.isFinite(this.slots)) return;
    this.slotsReturned += this.slots - this.open;
    this.slots = this.open;
  }
}

function finite(slots: number): number {
  return Number.isFinite(slots) ? slots : 0;
}
