/**
 * The tenants of the registry, in memory, with what they bring to their instances. All changes of tenants pass through
 * it, so that a look at one costs no query.
 */
import type { Plan, TenantTerms } from '../../core/plans/plan.ts';
import type { Config } from '../../core/service/service.ts';
import type { TenantChange, TenantStore } from '../../core/stores/tenant-store.ts';
import type { TenantRecord } from '../../core/tenants/tenant.ts';

type PlanConfig = Pick<Config, 'plans' | 'tenants'>;

export class TenantTable implements TenantStore {
  private readonly store: TenantStore;
  private readonly config: () => PlanConfig;
  private readonly listeners: ((tenantId: string, isPurged: boolean) => void)[] = [];
  private readonly watchers: ((change: TenantChange) => () => void)[] = [];
  /** Filled by the first look. */
  private records: Map<string, TenantRecord> | null = null;

  /** @param config returns the config that is served now */
  constructor(store: TenantStore, config: () => PlanConfig) {
    this.store = store;
    this.config = config;
  }

  list(): TenantRecord[] {
    return [...this.loaded().values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  ids(): string[] {
    return [...this.loaded().keys()];
  }

  get count(): number {
    return this.loaded().size;
  }

  get(tenantId: string): TenantRecord | null {
    return this.loaded().get(tenantId) ?? null;
  }

  unfinished(): ReturnType<TenantStore['unfinished']> {
    return this.store.unfinished();
  }

  operationOf(tenantId: string): ReturnType<TenantStore['operationOf']> {
    return this.store.operationOf(tenantId);
  }

  servicesOf(tenantId: string): string[] {
    return this.store.servicesOf(tenantId);
  }

  /** Iterates over the tenants that have a date on which their time ends, in ms since the epoch. */
  *expiries(): Generator<readonly [tenantId: string, atMs: number]> {
    for (const { id, expiresAtMs } of this.loaded().values()) if (expiresAtMs !== null) yield [id, expiresAtMs];
  }

  commit(change: TenantChange, options?: Parameters<TenantStore['commit']>[1]): void {
    const written = this.watchers.map((watcher) => watcher(change));
    this.store.commit(change, options);
    for (const each of written) each();
    const { tenantId, record, isPurged = false } = change;
    if (record === null) this.forget(tenantId, isPurged);
    else if (record !== undefined) this.records?.set(tenantId, record);
  }

  /** Calls `watcher` with each change before it is written, and what `watcher` returns once it is. */
  beforeChange(watcher: (change: TenantChange) => () => void): void {
    this.watchers.push(watcher);
  }

  /** Calls `listener` with each tenant that is no longer registered. */
  onForgotten(listener: (tenantId: string, isPurged: boolean) => void): void {
    this.listeners.push(listener);
  }

  /** Returns what the tenant brings to its instances. One that is not registered yet has the default plan. */
  termsOf(tenantId: string): TenantTerms {
    return { plan: this.planOf(tenantId), env: this.get(tenantId)?.env ?? {} };
  }

  /** Counts the tenants that have a plan, be it their own or the default. */
  countOn(plan: string): number {
    let count = 0;
    for (const { id } of this.loaded().values()) if (this.planOf(id)?.name === plan) count += 1;
    return count;
  }

  private forget(tenantId: string, isPurged: boolean): void {
    this.records?.delete(tenantId);
    for (const listener of this.listeners) listener(tenantId, isPurged);
  }

  /** Returns the plan of a registered tenant, or the one that a new one would get. */
  planOf(tenantId: string): Plan | null {
    return this.planOn(this.get(tenantId)?.plan ?? null);
  }

  /** Returns the plan by its name; null, or one that has left the config: the default plan. */
  planOn(name: string | null): Plan | null {
    const { plans, tenants } = this.config();
    if (plans.size === 0) return null;
    const own = name === null ? undefined : plans.get(name);
    return own ?? plans.get(tenants.defaultPlan ?? '') ?? null;
  }

  private loaded(): Map<string, TenantRecord> {
    this.records ??= new Map(this.store.list().map((record) => [record.id, record]));
    return this.records;
  }
}
