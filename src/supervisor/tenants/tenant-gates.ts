/**
 * The tenants whose requests are refused. A claim asks here in the same step in which it counts the request. Most tenants
 * are open and have no entry.
 */
import type { Refusal } from '../../core/admission/serving.ts';
import { type Closure, type TenantState, toldClosure } from '../../core/tenants/tenant-state.ts';
import { TenementError } from '../../errors.ts';

/** What an operator is told who starts an instance of a tenant in this state. */
const TOLD: Record<TenantState, (tenantId: string) => string> = {
  active: (tenantId) => `${tenantId} is active`,
  provisioning: (tenantId) => `${tenantId} is still being set up`,
};

interface Closed {
  readonly state: Closure;
  readonly refusal: Refusal;
}

export class TenantGates {
  private readonly reasons = new Map<string, Map<Closure, Refusal>>();
  /** Tenant → the reason that is told. */
  private readonly closed = new Map<string, Closed>();

  /** Refuses the tenant's requests for this reason, until `open` is called with it. */
  close(tenantId: string, closure: Closure, refusal: Refusal): void {
    const reasons = this.reasons.get(tenantId) ?? new Map<Closure, Refusal>();
    this.reasons.set(tenantId, reasons.set(closure, refusal));
    this.renew(tenantId);
  }

  /** Ends one reason. */
  open(tenantId: string, closure: Closure): void {
    const reasons = this.reasons.get(tenantId);
    if (reasons?.delete(closure) !== true) return;
    if (reasons.size === 0) this.reasons.delete(tenantId);
    this.renew(tenantId);
  }

  /** Returns the answer to the tenant's requests; null: it is open. */
  refusal(tenantId: string): Refusal | null {
    return this.closed.size === 0 ? null : (this.closed.get(tenantId)?.refusal ?? null);
  }

  /** @throws {TenementError} with the code of its refusal, when the tenant is closed */
  assertOpen(tenantId: string): void {
    const refusal = this.refusal(tenantId);
    if (refusal === null) return;
    const { refused, retryAfterS } = refusal;
    throw new TenementError(
      refused,
      TOLD[this.stateOf(tenantId)](tenantId),
      retryAfterS === null ? {} : { retryAfterS },
    );
  }

  stateOf(tenantId: string): TenantState {
    return this.closed.get(tenantId)?.state ?? 'active';
  }

  private renew(tenantId: string): void {
    const reasons = this.reasons.get(tenantId);
    const state = toldClosure(reasons?.keys() ?? []);
    const refusal = state === null ? undefined : reasons?.get(state);
    if (state === null || refusal === undefined) this.closed.delete(tenantId);
    else this.closed.set(tenantId, { state, refusal });
  }
}
