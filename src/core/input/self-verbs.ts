/** tenement as an instance sees it through its own socket. */
import type { InstanceName } from '../lifecycle/instance.ts';
import type { LimitsView } from '../limits/limits.ts';
import type { Counter } from '../plans/counters.ts';

/** The tenant of an instance, in JSON. */
export interface SelfView {
  readonly id: string;
  readonly service: string;
  /** null: it has no plan. */
  readonly plan: string | null;
  readonly features: readonly string[];
  /** Limits of this instance. */
  readonly limits: LimitsView;
  readonly counters: readonly Counter[];
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601; null: never. */
  readonly expiresAt: string | null;
}

export interface SelfVerbs {
  /** @throws {TenementError} `unknown_tenant` */
  self(instance: InstanceName): SelfView;
  /** @throws {TenementError} `not_found`, `quota_exceeded`, `state_failed` */
  count(instance: InstanceName, name: string, add: number): Counter;
  /**
   * Keeps the process awake for `ms`, at most `max_busy`; 0: no longer. Returns until when, ISO 8601.
   * @throws {TenementError} `unknown_tenant`
   */
  busy(instance: InstanceName, ms: number): { readonly until: string };
}
