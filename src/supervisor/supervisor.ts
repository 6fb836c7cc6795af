/** All instances. Knows every runner, and changes it only through events. */

import { type Actor, CONFIG } from '../core/access/actor.ts';
import type { Admission, Grant, GrantSource, Requester, SecondTry } from '../core/admission/serving.ts';
import type { TenantBackups } from '../core/backup/backup-face.ts';
import type { LiveFace } from '../core/dashboard/live-face.ts';
import { pageOf } from '../core/input/page.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { WakeDurations } from '../core/observing/wake-durations.ts';
import type { HookFace } from '../core/provisioning/hook-counts.ts';
import type { Loan } from '../core/quota/loan.ts';
import type { QuotaFace } from '../core/quota/quota-face.ts';
import type { Config } from '../core/service/service.ts';
import { longOperationView } from '../core/tenants/long-operation.ts';
import type { DomainFace } from '../core/verbs/domain-verbs.ts';
import type { InstanceReading } from '../core/verbs/instance-reading.ts';
import type { SecretFace } from '../core/verbs/secret-verbs.ts';
import type { SelfVerbs } from '../core/verbs/self-verbs.ts';
import type { SupervisorFace } from '../core/verbs/supervisor-face.ts';
import type { TenantFace } from '../core/verbs/tenant-verbs.ts';
import type { InstancePage, InstanceQuery, InstanceView, SupervisorVerbs } from '../core/verbs/verbs.ts';
import type { ErrorCode } from '../errors.ts';
import { tenantBackups } from './backups/tenant-backups.ts';
import { DomainOperations, listDomains } from './domains/domain-verbs.ts';
import type { Runner } from './instance/runner.ts';
import { instanceReadingOf } from './instance-reading.ts';
import type { InstanceTable } from './instance-table.ts';
import { instanceViewOf } from './instance-view.ts';
import { wiredProvisioning } from './provisioning/wired-provisioning.ts';
import { changeKey } from './secrets/key-change.ts';
import { listSecrets } from './secrets/secret-list.ts';
import { SecretOperations } from './secrets/secret-verbs.ts';
import { type EndOptions, ServerLife } from './server-life.ts';
import type { SupervisorDeps } from './supervisor-deps.ts';
import { SupervisorParts } from './supervisor-parts.ts';
import { foundTenant, listTenants, viewOfTenant, viewsOfTenants } from './tenants/tenant-list.ts';
import { TenantOperations } from './tenants/tenant-verbs.ts';
import { Verbs, type VerbsDeps } from './verbs.ts';

export class Supervisor implements SupervisorFace, GrantSource {
  private readonly parts: SupervisorParts;
  private readonly instanceTable: InstanceTable;
  private readonly life: ServerLife;

  constructor(deps: SupervisorDeps) {
    this.parts = new SupervisorParts(deps, () => this.life.assertOpen(), wiredProvisioning);
    this.instanceTable = this.parts.instanceTable;
    this.life = new ServerLife(this.parts, (...asked) => this.by(CONFIG).spawn(...asked));
  }

  // ---- All instances -------------------------------------------------------------------------

  /** Takes up what the registry knows and what an earlier server left running, and starts what should run. */
  open(): Promise<void> {
    return this.life.open();
  }

  /**
   * Applies another config: new services are served, removed ones drain and end, changed ones restart one by one.
   * Returns a sentence for each change.
   * @throws {TenementError} `shutting_down`, `host_cannot`
   */
  apply(config: Config): string[] {
    return this.life.apply(config);
  }

  /** Ends every process; see `ServerLife.close`. */
  close(options: EndOptions = {}): Promise<void> {
    return this.life.close(options);
  }

  /** Leaves every process running for the next server; see `ServerLife.leave`. */
  leave(hurry?: AbortSignal): Promise<void> {
    return this.life.leave(hurry);
  }

  /** Calls `listener` with each tenant that is no longer registered, and whose directory is deleted. */
  onTenantPurged(listener: (tenantId: string) => void): void {
    this.parts.tenants.onForgotten((tenantId, isPurged) => {
      if (isPurged) listener(tenantId);
    });
  }

  /** How many tenants are registered. */
  get tenantCount(): number {
    return this.parts.tenants.count;
  }

  get quotas(): QuotaFace {
    return this.parts.allowances;
  }

  get wakeDurations(): WakeDurations {
    return this.parts.wakeDurations;
  }

  readonly hooks: HookFace = {
    counts: () => this.parts.provisioning.counts.all,
    incomplete: () => this.parts.provisioning.board.works.size,
  };

  // ---- Requests ------------------------------------------------------------------------------

  has(instance: InstanceName): boolean {
    return this.instanceTable.has(instance);
  }

  claim(
    instance: InstanceName,
    signal: AbortSignal,
    again?: SecondTry,
    requester?: Requester,
  ): Admission | Promise<Admission> {
    if (!this.instanceTable.has(instance)) return { refused: 'unknown_tenant', retryAfterS: null };
    // A sleeper that is woken now would be left behind.
    if (this.life.isClosing) return { refused: 'shutting_down', retryAfterS: 1 };
    return this.instanceTable.find(instance).claim(signal, again, requester);
  }

  grant(instance: InstanceName): Grant | null {
    return this.instanceTable.get(instance)?.grant() ?? null;
  }

  openLoan(tenantId: string, recall: () => void): Loan | null {
    return this.parts.allowances.of(tenantId)?.openLoan(recall) ?? null;
  }

  countRefused(tenantId: string, code: ErrorCode, requests: number): void {
    this.parts.allowances.countRefused(tenantId, code, requests);
  }

  names(): Iterable<InstanceName> {
    return this.instanceTable.names();
  }

  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void {
    this.instanceTable.onRegistration(listener);
  }

  countConnection(generation: number, change: 1 | -1): void {
    this.parts.generations.ownConnections.change(generation, change);
  }

  onRetired(listener: (generation: number) => void): void {
    this.parts.generations.onRetired(listener);
  }

  onGrantsEnded(listener: (generation: number) => void): void {
    this.parts.generations.onGrantsEnded(listener);
  }

  // ---- Instances -----------------------------------------------------------------------------

  by(actor: Actor): SupervisorVerbs {
    return new Verbs(this.verbsDeps, actor);
  }

  /** What instances may ask through their own sockets. */
  get selfVerbs(): SelfVerbs {
    return this.parts.selfVerbs;
  }

  private get verbsDeps(): VerbsDeps {
    return { parts: this.parts, life: this.life, view: (runner) => this.view(runner) };
  }

  /** Tenants as a whole. */
  readonly tenants: TenantFace = {
    by: (actor) => new TenantOperations(this.verbsDeps, actor),
    get: (tenantId) => viewOfTenant(foundTenant(tenantId, this.parts), this.parts),
    list: (query = {}) => listTenants(query, this.parts),
    operationOn: (tenantId) => {
      const operation = this.parts.tenantLocks.longOn(tenantId);
      return operation === null ? null : longOperationView(operation);
    },
  };

  /**
   * Holds a tenant while `work` runs, once earlier operations on it are over; see `TenantHolds.during`.
   * @throws {TenementError} `unknown_tenant`, `shutting_down`, `hold_timeout`; what `work` throws
   */
  hold<Value>(tenantId: string, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    this.life.assertOpen();
    foundTenant(tenantId, this.parts);
    const { tenantLocks, tenantHolds } = this.parts;
    return tenantLocks.withTenant(tenantId, () => tenantHolds.during(tenantId, this.life.ending, work));
  }

  /** Tenants as backups need them. */
  readonly backups: TenantBackups = tenantBackups(() => this.verbsDeps);

  /** Domains of tenants' own. */
  readonly domains: DomainFace = {
    by: (actor, isSeen) => new DomainOperations(this.verbsDeps, actor, isSeen),
    list: (query = {}) => listDomains(query, this.parts),
  };

  /** Secrets of tenants. */
  readonly secrets: SecretFace = {
    by: (actor) => new SecretOperations(this.verbsDeps, actor),
    changeKey: (actor) => changeKey(this.parts.deps, actor),
    list: (tenantId) => listSecrets(tenantId, this.parts),
  };

  get(instance: InstanceName): InstanceView {
    return this.view(this.instanceTable.find(instance));
  }

  *readings(isSeen: (instance: InstanceName) => boolean = () => true): Generator<InstanceReading> {
    for (const [name, member] of this.instanceTable.entries()) {
      if (isSeen(name)) yield instanceReadingOf(member, () => this.parts.isHalted(name));
    }
  }

  list(): InstanceView[] {
    const views = Array.from(this.instanceTable.everyone(), (runner) => this.view(runner));
    return views.sort((a, b) => (a.instance < b.instance ? -1 : 1));
  }

  page({ isSeen = () => true, ...query }: InstanceQuery): InstancePage {
    const seen = Array.from(this.instanceTable.names()).filter(isSeen);
    const { keys, next } = pageOf(seen, query);
    return { instances: Array.from(this.instanceTable.everyone(keys), (runner) => this.view(runner)), next };
  }

  /** What the dashboard shows. */
  readonly live: LiveFace = {
    watch: (listener) => this.parts.changes.watch(listener),
    instanceNames: () => [...this.instanceTable.names()],
    tenantIds: () => this.parts.tenants.ids(),
    instances: (names) => Array.from(this.instanceTable.everyone(names), (runner) => this.view(runner)),
    tenants: (ids) => viewsOfTenants(ids, this.parts),
  };

  /** How many instances are served. */
  get size(): number {
    return this.instanceTable.size;
  }

  /** How many instances have a process. */
  get awake(): number {
    let count = 0;
    for (const runner of this.instanceTable) if (runner.hasProcess) count += 1;
    return count;
  }

  private view(runner: Runner): InstanceView {
    const { clock, webAddressOf } = this.parts.deps;
    const { tenantGates, closedInstances } = this.parts;
    const tenantStateOf = (tenantId: string) =>
      closedInstances.has(runner.name) ? 'provisioning' : tenantGates.stateOf(tenantId);
    return instanceViewOf(runner, { nowMs: clock.nowMs(), webAddressOf, tenantStateOf });
  }
}
