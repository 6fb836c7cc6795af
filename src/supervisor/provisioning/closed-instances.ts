/**
 * Instances that are closed before their own hooks have succeeded, while their tenant is open. A claim asks here in the step
 * in which it counts the request. Most servers have none.
 */
import type { Refusal } from '../../core/admission/serving.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import { TenementError } from '../../errors.ts';

export class ClosedInstances {
  private readonly closed = new Map<InstanceName, Refusal>();

  close(instance: InstanceName, refusal: Refusal): void {
    this.closed.set(instance, refusal);
  }

  /** Returns whether it was closed. */
  open(instance: InstanceName): boolean {
    return this.closed.delete(instance);
  }

  has(instance: InstanceName): boolean {
    return this.closed.size > 0 && this.closed.has(instance);
  }

  /** @throws {TenementError} `provisioning` */
  assertMayRun(instance: InstanceName): void {
    if (this.has(instance)) throw new TenementError('provisioning', `the hooks of ${instance} have not succeeded yet`);
  }

  /** Returns the answer to its requests; null: it is open. */
  refusal(instance: InstanceName): Refusal | null {
    return this.closed.size === 0 ? null : (this.closed.get(instance) ?? null);
  }
}
