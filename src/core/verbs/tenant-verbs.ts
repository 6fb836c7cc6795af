/** Tenants as the API and the library see them: the public verbs, and the view of a tenant. */
import type { Actor } from '../access/actor.ts';
import type { InstanceName } from '../lifecycle/instance.ts';
import type { ProvisioningView } from '../provisioning/provisioning-view.ts';
import type { QuotaJson } from '../quota/quota-face.ts';
import type { LongOperationView } from '../tenants/long-operation.ts';
import type { TenantChanges } from '../tenants/tenant-change.ts';
import type { TenantState } from '../tenants/tenant-state.ts';
import type { ArchiveVerbs } from './archive-verbs.ts';
import type { InstanceView } from './verbs.ts';

/** A tenant in JSON (docs/tenants.md). Times are ISO 8601. */
export interface TenantView {
  readonly id: string;
  readonly state: TenantState;
  /** One sentence on why it is in this state. */
  readonly reason: string;
  /** Its plan, be it its own or the default; null: it has none. */
  readonly plan: string | null;
  /** null: never. */
  readonly expiresAt: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Domains of its own, as they are in requests; also those that are not verified yet. */
  readonly domains: readonly string[];
  /** Its instances that are served, by name. */
  readonly instances: readonly InstanceName[];
  /** Names of its own variables. The values may be secret. */
  readonly variables: readonly string[];
  /** Size of its directory on disk; null without a storage limit, or before the first measurement. */
  readonly storageBytes: number | null;
  /** Requests of this month in UTC that were passed on to its processes. */
  readonly requestsThisMonth: number;
  /** The quotas of its plan. */
  readonly quotas: readonly QuotaJson[];
  /** What of its hooks is incomplete; null: nothing. */
  readonly provisioning: ProvisioningView | null;
  /** What runs on it that takes its time; null: nothing. */
  readonly operation: LongOperationView | null;
  readonly createdAt: string;
}

/** What a new tenant is to be. */
export interface CreateTenantOptions {
  /** Services to register it with. Default: the default service. */
  readonly services?: readonly string[] | undefined;
  /** Default: the default plan. */
  readonly plan?: string | undefined;
  /** Domains of its own, which lead to the default service if it is among its services, else to the first of these. */
  readonly domains?: readonly string[] | undefined;
  /** As for `set`. Default: never. */
  readonly expires?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** false: only register. Default: true. */
  readonly start?: boolean | undefined;
  /** false: do not wait until its instances are ready or their starts have failed. Default: true. */
  readonly wait?: boolean | undefined;
}

/** Which tenants to list. */
export interface TenantQuery {
  readonly plan?: string | undefined;
  readonly state?: TenantState | undefined;
  /** Only tenants with all these labels. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** At most this many. Default: all. */
  readonly limit?: number | undefined;
  /** Only tenants whose id comes after this one. */
  readonly after?: string | undefined;
}

/** The same for a caller that may not see all. */
export interface SeenTenantQuery extends TenantQuery {
  /** Default: every tenant is seen. */
  readonly isSeen?: ((tenantId: string) => boolean) | undefined;
}

/** One page of tenants. */
export interface TenantPage {
  /** By id. */
  readonly tenants: readonly TenantView[];
  /** What `after` must be for the next page; null: this is the last one. */
  readonly next: string | null;
}

export interface CreatedTenant {
  readonly view: TenantView;
  /** false: it was registered before. */
  readonly created: boolean;
  /** Its instances, after their starts. */
  readonly instances: readonly InstanceView[];
}

export interface NewFromCopy extends CreatedTenant {
  /** What the copy lacks, a sentence each. */
  readonly notes: readonly string[];
}

/** The public verbs of one actor. Each settles when it is done, and throws `unknown_tenant` for an unknown tenant. */
export interface TenantVerbs extends ArchiveVerbs<NewFromCopy> {
  /**
   * Registers a tenant with its services and starts them. A repetition changes nothing.
   * `provisioning` of the view says why a hook failed.
   * @throws {TenementError} `bad_id`, `bad_input`, `unknown_service`, `unknown_plan`, `plan_limit`, `already_registered`
   */
  create(tenantId: string, options?: CreateTenantOptions): Promise<CreatedTenant>;
  /** Changes what is the tenant's own, under its running instances. @throws {TenementError} `bad_input`, `unknown_plan` */
  set(tenantId: string, changes: TenantChanges): Promise<TenantView>;
  /** Stops all its instances; no request wakes them. */
  stop(tenantId: string): Promise<TenantView>;
  /** Starts all its instances. @throws {TenementError} `expired` */
  start(tenantId: string, options?: { wait?: boolean | undefined }): Promise<TenantView>;
  /**
   * Tries at once what of its hooks, its directory or its purge is incomplete. `provisioning` of the result says why that
   * failed again.
   */
  provision(tenantId: string): Promise<TenantView>;
  /**
   * Stops and unregisters all its instances and the tenant. `purge`: destroys what its hooks have made, and deletes its
   * directory and logs. @throws {TenementError} `deprovisioning_failed`, `purge_failed`
   */
  remove(tenantId: string, options?: { purge?: boolean | undefined }): Promise<void>;
}

/** Everything that is seen of tenants and done with them from outside. */
export interface TenantFace {
  /** Returns the verbs of `actor`, whose changes the event log ascribes to it. */
  by(actor: Actor): TenantVerbs;
  /** @throws {TenementError} `unknown_tenant` */
  get(tenantId: string): TenantView;
  list(query?: SeenTenantQuery): TenantPage;
  /** Returns the long operation that runs on a tenant, which need not be registered yet; null: none. */
  operationOn(tenantId: string): LongOperationView | null;
}
