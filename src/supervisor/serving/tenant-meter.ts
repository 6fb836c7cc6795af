/** What counts an instance's requests towards the plan of its tenant. Looked up once, and again when the plan may differ. */
import type { SecondTry } from '../../core/admission/serving.ts';
import type { Allowance, Meter } from '../../core/quota/allowance.ts';

export class TenantMeter {
  private readonly lookUp: () => Allowance | null;
  /** undefined: not looked up yet, because most instances sleep. */
  private allowance: Allowance | null | undefined;

  /** @param lookUp returns null when the plan bounds no requests */
  constructor(lookUp: () => Allowance | null) {
    this.lookUp = lookUp;
  }

  get current(): Allowance | null {
    if (this.allowance === undefined) this.allowance = this.lookUp();
    return this.allowance;
  }

  /** Returns the meter of a request; null when nothing is metered. A request that is sent again was counted before. */
  of(again: SecondTry | null): Meter | null {
    const { current } = this;
    return current === null || again === null ? current : current.secondTries;
  }

  renew(): void {
    if (this.allowance !== undefined) this.allowance = this.lookUp();
  }
}
