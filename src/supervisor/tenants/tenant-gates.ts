/**
 * The tenants whose requests are refused. A claim asks here in the same step in which it counts the request. Most tenants
 * are open and have no entry.
 */
import type { Refusal } from '../../core/admission/serving.ts';
import { type Closure, isHalting, type TenantState, toldClosure } from '../../core/tenants/tenant-state.ts';
import { TenementError } from '../../errors.ts';

interface Closed {
  readonly state: Closure;
  readonly refusal: Refusal;
}

type Listener = (tenantId: string, was: TenantState, is: TenantState) => void;

export class TenantGates {
  private readonly reasons = new Map<string, Map<Closure, Refusal>>();
  /** Tenant → the reason that is told. */
  private readonly closed = new Map<string, Closed>();
  private readonly listeners: Listener[] = [];

  /** Calls `listener` in the step in which a tenant's state changes. */
  onChanged(listener: Listener): void {
    this.listeners.push(listener);
  }

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

  /** Forgets a tenant that is unregistered. */
  forget(tenantId: string): void {
    this.reasons.delete(tenantId);
    this.renew(tenantId);
  }

  /** Returns the answer to the tenant's requests; null: it is open. */
  refusal(tenantId: string): Refusal | null {
    return this.closed.size === 0 ? null : (this.closed.get(tenantId)?.refusal ?? null);
  }

  stateOf(tenantId: string): TenantState {
    return this.closed.get(tenantId)?.state ?? 'active';
  }

  /** Whether it is closed for this reason, be it told or not. */
  isClosed(tenantId: string, closure: Closure): boolean {
    return this.reasons.get(tenantId)?.has(closure) === true;
  }

  /** Returns the tenants that are closed for this reason. */
  closedFor(closure: Closure): string[] {
    return Array.from(this.reasons).flatMap(([tenantId, reasons]) => (reasons.has(closure) ? [tenantId] : []));
  }

  /** Whether none of its instances may run. */
  isHalted(tenantId: string): boolean {
    return isHalting(this.stateOf(tenantId));
  }

  /** @throws {TenementError} with the code of its refusal, when none of the tenant's instances may run */
  assertMayRun(tenantId: string): void {
    const state = this.stateOf(tenantId);
    if (!isHalting(state)) return;
    const { refused, retryAfterS = null } = this.refusal(tenantId) ?? {};
    if (refused === undefined) return;
    const retry = retryAfterS === null ? {} : { retryAfterS };
    throw new TenementError(refused, ...toldOf(tenantId, state, retry));
  }

  private renew(tenantId: string): void {
    const was = this.stateOf(tenantId);
    const reasons = this.reasons.get(tenantId);
    const state = toldClosure(reasons?.keys() ?? []);
    const refusal = state === null ? undefined : reasons?.get(state);
    if (state === null || refusal === undefined) this.closed.delete(tenantId);
    else this.closed.set(tenantId, { state, refusal });
    const is = this.stateOf(tenantId);
    if (was !== is) for (const listener of this.listeners) listener(tenantId, was, is);
  }
}

/** What an operator is told who starts one of its instances. */
function toldOf(tenantId: string, state: TenantState, retry: { retryAfterS?: number }): [string, object] {
  switch (state) {
    case 'stopped':
      return [`${tenantId} is stopped`, { ...retry, hint: `\`tenement tenant start ${tenantId}\` starts it again.` }];
    case 'expired':
      return [
        `the time of ${tenantId} is over`,
        { ...retry, hint: `\`tenement tenant set ${tenantId} --expires DATE\` gives it a later date.` },
      ];
    default:
      return [`${tenantId} is still being set up`, retry];
  }
}
