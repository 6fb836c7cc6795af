/** tenement as an instance sees it through its own socket. */
import type { InstanceName } from '../lifecycle/instance.ts';
import type { LimitsView } from '../limits/limits.ts';
import type { Counter } from '../plans/counters.ts';
import type { QuotaJson } from '../quota/quota-face.ts';
import type { Meter } from '../usage/meters.ts';

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

/** What the tenant has used, with all its services. */
export interface SelfUsage {
  /** This month in UTC, for example `2026-11`. */
  readonly month: string;
  readonly usage: Readonly<Record<Meter, number>>;
  readonly quotas: readonly QuotaJson[];
}

export interface SelfVerbs {
  /** @throws {TenementError} `unknown_tenant` */
  self(instance: InstanceName): SelfView;
  /** @throws {TenementError} `unknown_tenant` */
  usage(instance: InstanceName): SelfUsage;
  /** @throws {TenementError} `not_found`, `quota_exceeded`, `state_failed` */
  count(instance: InstanceName, name: string, add: number): Counter;
  /**
   * Keeps the process awake for `ms`, at most `max_busy`; 0: no longer. Returns until when, ISO 8601.
   * @throws {TenementError} `unknown_tenant`
   */
  busy(instance: InstanceName, ms: number): { readonly until: string };
}
