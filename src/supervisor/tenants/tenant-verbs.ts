/** The public verbs on one tenant, as one actor's. Each change is written before it takes effect. */
import type { Actor } from '../../core/access/actor.ts';
import type { DomainRecord } from '../../core/domains/domain.ts';
import { hostOf } from '../../core/domains/domain-name.ts';
import type { EventData, TenantChangedEventData } from '../../core/lifecycle/event-data.ts';
import { defaultServiceOf } from '../../core/service/default-service.ts';
import { assertTenantId, newTenant, type TenantRecord } from '../../core/tenants/tenant.ts';
import { changedFields, changedTenant, differenceFrom, type TenantChanges } from '../../core/tenants/tenant-change.ts';
import { REFUSALS } from '../../core/tenants/tenant-state.ts';
import type { CreatedTenant, CreateTenantOptions, TenantVerbs, TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import { TenementError } from '../../errors.ts';
import { idna } from '../../node/idna.ts';
import { archiveVerbs } from '../archives/archive-verbs.ts';
import { claimDomain } from '../domains/domain-claims.ts';
import { tellAdded } from '../domains/domain-verbs.ts';
import type { Runner } from '../instance/runner.ts';
import type { ServerLife } from '../server-life.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { unwritten } from '../unwritten.ts';
import { applyTerms } from './apply-terms.ts';
import { removeTenant } from './removal/removal.ts';
import { resumeUnfinished } from './removal/unfinished.ts';
import { provisionAndStart } from './start-all.ts';
import { foundTenant, viewOfTenant } from './tenant-list.ts';

export interface TenantVerbsDeps {
  readonly parts: SupervisorParts;
  readonly life: Pick<ServerLife, 'assertOpen' | 'ending'>;
  view(runner: Runner): InstanceView;
}

const NOTHING_OF_ITS_OWN = { env: {}, limits: {} };

export class TenantOperations implements TenantVerbs {
  private readonly deps: TenantVerbsDeps;
  private readonly parts: SupervisorParts;
  private readonly by: Actor;
  readonly export: TenantVerbs['export'];
  readonly exportInto: TenantVerbs['exportInto'];
  readonly import: TenantVerbs['import'];
  readonly clone: TenantVerbs['clone'];

  constructor(deps: TenantVerbsDeps, by: Actor) {
    const archives = archiveVerbs(deps, by);
    this.export = archives.export;
    this.exportInto = archives.exportInto;
    this.import = archives.import;
    this.clone = archives.clone;
    this.deps = deps;
    this.parts = deps.parts;
    this.by = by;
  }

  async create(tenantId: string, options: CreateTenantOptions = {}): Promise<CreatedTenant> {
    this.deps.life.assertOpen();
    assertTenantId(tenantId);
    const { registrar, config } = this.parts;
    const services = options.services?.length ? [...new Set(options.services)] : [defaultServiceOf(config, 'services')];
    const record = (present: TenantRecord | null) =>
      present === null ? this.changed(newTenant(tenantId, this.nowMs), options) : this.assertSame(present, options);
    let domains: readonly DomainRecord[] = [];
    const registering = {
      by: this.by,
      record,
      domains: () => {
        domains = this.domainsFor(tenantId, services, options);
        return domains;
      },
    };
    const { runners, added, isNew } = await registrar.register(tenantId, services, NOTHING_OF_ITS_OWN, registering);
    await this.parts.domains.settled();
    this.parts.domainChecks.renew();
    // A date that is now, or an earlier one than the nearest.
    this.parts.expiry.renew();
    if (isNew) this.tell('tenant-created', tenantId, 'registered', {});
    for (const domain of domains) tellAdded(domain, this.by, this.parts);
    await provisionAndStart(tenantId, { runners, added }, { ...options, by: this.by }, this.parts);
    // It may have been removed meanwhile.
    this.parts.provisioning.board.assertNotPurging(tenantId);
    return { view: this.view(tenantId), created: isNew, instances: runners.map((runner) => this.deps.view(runner)) };
  }

  set(tenantId: string, changes: TenantChanges): Promise<TenantView> {
    return this.exclusively(tenantId, async (was) => {
      const is = this.changed(was, changes);
      const fields = changedFields(was, is);
      if (fields.length === 0) return;
      await this.write(is);
      this.tell('tenant-changed', tenantId, `changed: ${fields.join(', ')}`, toldChange(is, fields));
      this.parts.expiry.renew();
      if (fields.includes('plan') || fields.includes('env')) await applyTerms(tenantId, this.parts, this.by);
    });
  }

  stop(tenantId: string): Promise<TenantView> {
    return this.exclusively(tenantId, async (was) => {
      if (was.desired !== 'stopped') await this.write({ ...was, desired: 'stopped' });
      const runners = this.parts.tenantInstances.runners(tenantId);
      for (const runner of runners) runner.dispatch({ type: 'stop', by: this.by });
      this.parts.tenantGates.close(tenantId, 'stopped', REFUSALS.stopped);
      if (was.desired !== 'stopped') this.tell('tenant-stopped', tenantId, 'stopped with all its instances', {});
      await Promise.all(runners.map((runner) => runner.until(() => !runner.hasProcess)));
    });
  }

  start(tenantId: string, { wait }: { wait?: boolean | undefined } = {}): Promise<TenantView> {
    return this.exclusively(tenantId, async (was) => {
      const { tenantGates, tenantInstances } = this.parts;
      if (was.desired !== 'active') {
        await this.write({ ...was, desired: 'active' });
        this.tell('tenant-started', tenantId, 'may run again', {});
      }
      tenantGates.open(tenantId, 'stopped');
      tenantGates.assertMayRun(tenantId);
      const runners = tenantInstances.runners(tenantId);
      for (const runner of runners) runner.ask({ type: 'start', by: this.by });
      if (wait !== false) await Promise.all(runners.map((runner) => runner.settled()));
    });
  }

  async provision(tenantId: string): Promise<TenantView> {
    this.deps.life.assertOpen();
    foundTenant(tenantId, this.parts);
    const before = this.view(tenantId);
    await resumeUnfinished(this.parts.tenantLocks, this.parts.tenantDeps, tenantId);
    await this.parts.provisioning.run(tenantId);
    // One that was being purged is gone.
    return this.parts.tenants.get(tenantId) === null ? { ...before, provisioning: null } : this.view(tenantId);
  }

  async remove(tenantId: string, { purge = false }: { purge?: boolean | undefined } = {}): Promise<void> {
    foundTenant(tenantId, this.parts);
    await this.parts.provisioning.abort(tenantId);
    await this.parts.tenantLocks.withTenant(tenantId, async () => {
      foundTenant(tenantId, this.parts);
      await removeTenant(tenantId, { purge, by: this.by }, this.parts);
    });
  }

  /** Runs an operation on a registered tenant when all earlier ones are over. Returns the tenant after it. */
  private async exclusively(tenantId: string, operation: (was: TenantRecord) => Promise<void>): Promise<TenantView> {
    this.deps.life.assertOpen();
    foundTenant(tenantId, this.parts);
    return this.parts.tenantLocks.withTenant(tenantId, async () => {
      this.parts.provisioning.board.assertNotPurging(tenantId);
      await operation(foundTenant(tenantId, this.parts));
      return this.view(tenantId);
    });
  }

  /** Returns the new ones of the domains that are asked for. @throws {TenementError} as `claimDomain` */
  private domainsFor(tenantId: string, services: readonly string[], { domains = [] }: CreateTenantOptions) {
    const { config, domains: table } = this.parts;
    const [first = ''] = services;
    const { defaultService } = config.proxy;
    const service = defaultService !== null && services.includes(defaultService) ? defaultService : first;
    const claiming = { service, nowMs: this.nowMs, isSeen: () => true };
    const claims = domains.map((text) => claimDomain(tenantId, text, claiming, { config, store: table.store }));
    const added = claims.flatMap(({ domain, isNew }) => (isNew ? [[domain.host, domain] as const] : []));
    return [...new Map(added).values()];
  }

  /** @throws {TenementError} `already_registered` when the tenant was given something else */
  private assertSame(present: TenantRecord, asked: CreateTenantOptions): TenantRecord {
    const hosts = this.parts.domains.store.hostsOf(present.id);
    const lacks = (asked.domains ?? []).some((text) => !hosts.includes(hostOf(text, idna)));
    const difference = [...differenceFrom(present, asked), ...(lacks ? ['domain'] : [])];
    if (difference.length === 0) return present;
    throw new TenementError('already_registered', `${present.id} is registered with another ${difference.join(', ')}`, {
      hint: `\`tenement tenant set ${present.id}\` and \`tenement domain add ${present.id}\` change it; to keep it as it is, leave these out.`,
    });
  }

  private changed(record: TenantRecord, changes: TenantChanges): TenantRecord {
    return changedTenant(record, changes, { plans: this.parts.config.plans, nowMs: this.nowMs });
  }

  /** @throws {TenementError} `state_failed`; nothing has changed then */
  private async write(record: TenantRecord): Promise<void> {
    const { tenants, deps } = this.parts;
    try {
      await deps.registry.whenWritable(() => tenants.commit({ tenantId: record.id, record }));
    } catch (error) {
      throw unwritten(`${record.id} stays as it was`, error);
    }
  }

  private tell<Type extends `tenant-${'created' | 'changed' | 'stopped' | 'started'}`>(
    type: Type,
    tenant: string,
    message: string,
    data: EventData[Type],
  ): void {
    this.parts.deps.events.append({ atMs: this.nowMs, type, instance: null, tenant, message, data, by: this.by });
  }

  private view(tenantId: string): TenantView {
    return viewOfTenant(foundTenant(tenantId, this.parts), this.parts);
  }

  private get nowMs(): number {
    return this.parts.deps.clock.nowMs();
  }
}

/** What the event log says of a change. Variables are left out, because they may be secret. */
function toldChange({ plan, expiresAtMs, labels }: TenantRecord, fields: readonly string[]): TenantChangedEventData {
  return {
    fields,
    ...(fields.includes('plan') && { plan }),
    ...(fields.includes('expires') && { expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString() }),
    ...(fields.includes('labels') && { labels }),
  };
}
