/**
 * What an allowance has given to one proxy worker, so that the worker can admit requests without asking: permits, each
 * for one request, and slots, each for one open request. Pure.
 */

/** What a worker is given in addition. Plain data. */
export interface LoanGrant {
  readonly tenantId: string;
  /** Permits of an earlier number are void. */
  readonly epoch: number;
  readonly permits: number;
  /** null: requests need no slot. */
  readonly slots: number | null;
  /** The permits hold between these times, ms since the epoch; null: for ever. */
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}

/** What a worker has done with all that it was given. Counts only grow, but for requests that were taken in vain. */
export interface LoanAccount {
  readonly tenantId: string;
  readonly epoch: number;
  readonly spent: number;
  readonly returned: number;
  readonly slotsReturned: number;
}

/** The allowance, as its loans see it. */
export interface Lender {
  readonly tenantId: string;
  readonly epoch: number;
  /** Takes out as much as one worker may have in addition to what it holds. */
  lend(held: Held): LoanGrant | null;
  settle(change: LoanChange): void;
  /** A loan has answered its recall. */
  answered(): void;
  /** The worker of a loan is gone. */
  over(loan: Loan): void;
}

/** Permits and slots that a worker no longer has. */
export interface LoanChange {
  readonly spent: number;
  readonly returned: number;
  readonly slots: number;
}

/** What a worker may have in hand. */
export interface Held {
  readonly permits: number;
  readonly slots: number;
}

export class Loan {
  private readonly lender: Lender;
  private readonly recallNow: () => void;
  private epoch: number;
  private permits = 0;
  private slots = 0;
  /** Totals of the last account. */
  private spent = 0;
  private returned = 0;
  private slotsReturned = 0;
  /** Whether the worker may have free slots: it was lent something since the last recall. */
  private mayKeepSlots = false;
  /** Whether a recall is not answered yet. */
  isAsked = false;

  /** @param recallNow asks the worker to give back what it does not need, and to account for it */
  constructor(lender: Lender, recallNow: () => void) {
    this.lender = lender;
    this.epoch = lender.epoch;
    this.recallNow = recallNow;
  }

  /** Whether the worker may have something that it does not need. */
  get isOut(): boolean {
    return this.permits > 0 || (this.mayKeepSlots && this.slots > 0);
  }

  /** Lends more to the worker, as far as there is plenty. */
  extend(): LoanGrant | null {
    if (this.isAsked) return null;
    const grant = this.lender.lend({ permits: this.permits, slots: this.slots });
    if (grant === null) return null;
    this.permits += grant.permits;
    this.slots += grant.slots ?? 0;
    // From now on the worker keeps slots that become free.
    this.mayKeepSlots = true;
    return grant;
  }

  /** Asks the worker for what it does not need. */
  recall(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.recallNow();
  }

  /** Writes permits off, because they are void: another period or another plan. Returns how many. */
  voidPermits(epoch: number): number {
    const { permits } = this;
    this.permits = 0;
    this.epoch = epoch;
    this.spent = 0;
    this.returned = 0;
    this.recall();
    return permits;
  }

  /** Takes an account. @param isAnswer whether it answers a recall */
  account({ epoch, ...account }: LoanAccount, isAnswer: boolean): void {
    const slots = account.slotsReturned - this.slotsReturned;
    this.slotsReturned = account.slotsReturned;
    this.slots -= slots;
    const isCurrent = epoch === this.epoch;
    const spent = isCurrent ? account.spent - this.spent : 0;
    const returned = isCurrent ? account.returned - this.returned : 0;
    this.permits -= spent + returned;
    this.spent += spent;
    this.returned += returned;
    this.lender.settle({ spent, returned, slots });
    if (!isAnswer) return;
    this.isAsked = false;
    this.mayKeepSlots = false;
    this.lender.answered();
  }

  /** The worker is gone. Permits that it may have spent count as spent; its requests have ended. */
  lost(): void {
    this.lender.settle({ spent: this.permits, returned: 0, slots: this.slots });
    this.permits = 0;
    this.slots = 0;
    this.isAsked = false;
    this.lender.over(this);
  }
}
