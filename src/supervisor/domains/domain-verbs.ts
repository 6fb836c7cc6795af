/** The public verbs on tenants' domains, as one actor's. Each change is written before it takes effect. */
import type { Actor } from '../../core/access/actor.ts';
import { type DomainRecord, isActive, unknownDomain } from '../../core/domains/domain.ts';
import { hostOf } from '../../core/domains/domain-name.ts';
import { domainPage, domainViewOf, keyAfter } from '../../core/domains/domain-view.ts';
import { recordName } from '../../core/domains/verification.ts';
import { instanceName } from '../../core/lifecycle/instance.ts';
import type {
  AddDomainOptions,
  AddedDomain,
  ChosenDomain,
  DomainPage,
  DomainQuery,
  DomainVerbs,
  DomainView,
  IsSeen,
} from '../../core/verbs/domain-verbs.ts';
import { TenementError } from '../../errors.ts';
import { idna } from '../../node/idna.ts';
import type { ServerLife } from '../server-life.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { foundTenant } from '../tenants/tenant-list.ts';
import { unwritten } from '../unwritten.ts';
import { type Claim, claimDomain } from './domain-claims.ts';

export interface DomainVerbsDeps {
  readonly parts: SupervisorParts;
  readonly life: Pick<ServerLife, 'assertOpen'>;
}

export class DomainOperations implements DomainVerbs {
  private readonly deps: DomainVerbsDeps;
  private readonly parts: SupervisorParts;
  private readonly by: Actor;
  private readonly isSeen: IsSeen;

  constructor(deps: DomainVerbsDeps, by: Actor, isSeen: IsSeen = () => true) {
    this.deps = deps;
    this.parts = deps.parts;
    this.by = by;
    this.isSeen = isSeen;
  }

  async add(tenantId: string, text: string, options: AddDomainOptions = {}): Promise<AddedDomain> {
    this.deps.life.assertOpen();
    foundTenant(tenantId, this.parts);
    return this.parts.tenantLocks.withTenant(tenantId, async () => {
      foundTenant(tenantId, this.parts);
      const { domain, isNew } = await this.parts.deps.registry.whenWritable(() => this.write(tenantId, text, options));
      await this.parts.domains.settled();
      if (isNew) tellAdded(domain, this.by, this.parts);
      return { view: viewOfDomain(domain, this.parts), created: isNew };
    });
  }

  get(text: string, chosen: ChosenDomain = {}): DomainView {
    return viewOfDomain(this.found(text, chosen), this.parts);
  }

  async remove(text: string, chosen: ChosenDomain = {}): Promise<void> {
    const { tenantId } = this.found(text, chosen);
    await this.parts.tenantLocks.withTenant(tenantId, async () => {
      const domain = this.found(text, { tenant: tenantId });
      const { deps, tenants, domains, domainChecks } = this.parts;
      try {
        await deps.registry.whenWritable(() => tenants.commit({ tenantId, removeDomains: [domain.host] }));
      } catch (error) {
        throw unwritten(`${domain.host} stays as it was`, error);
      }
      domainChecks.renew();
      await domains.settled();
      const message = isActive(domain)
        ? `${domain.host} leads here no more`
        : `${domain.host} is not asked for any more`;
      tell('domain-removed', domain, message, this.by, this.parts);
    });
  }

  async verify(text: string, chosen: ChosenDomain = {}): Promise<DomainView> {
    this.deps.life.assertOpen();
    const domain = this.found(text, chosen);
    const checked = isActive(domain) ? domain : await this.parts.domainChecks.check(domain, this.by);
    this.parts.domainChecks.renew();
    if (checked === null) throw unknownDomain(text);
    if (isActive(checked)) return viewOfDomain(checked, this.parts);
    throw notVerified(checked);
  }

  private write(tenantId: string, text: string, options: AddDomainOptions): Claim {
    const { config, domains, deps, tenants } = this.parts;
    const claiming = { ...options, nowMs: deps.clock.nowMs(), isSeen: this.isSeen };
    const claim = claimDomain(tenantId, text, claiming, { config, store: domains.store });
    if (!claim.isNew) return claim;
    tenants.commit({ tenantId, putDomains: [claim.domain] });
    this.parts.domainChecks.renew();
    return claim;
  }

  /** @throws {TenementError} `unknown_domain`, `bad_input` when several tenants ask for it */
  private found(text: string, { tenant }: ChosenDomain): DomainRecord {
    const all = this.parts.domains.store.ofHost(hostOf(text, idna));
    const seen = all.filter((one) => this.isSeen(one) && (tenant === undefined || one.tenantId === tenant));
    const [first, ...others] = seen;
    if (first === undefined) throw unknownDomain(text);
    if (isActive(first) || others.length === 0) return first;
    throw new TenementError('bad_input', `${first.host} is asked for by ${seen.length} tenants`, {
      hint: `Name one of them: ${seen
        .map(({ tenantId }) => tenantId)
        .slice(0, 10)
        .join(', ')}.`,
    });
  }
}

export function listDomains(query: DomainQuery, { domains, domainViewDeps }: SupervisorParts): DomainPage {
  const { tenant: tenantId, service, limit = Number.POSITIVE_INFINITY } = query;
  const records = domains.store.page({ tenantId, service, after: keyAfter(query), limit: limit + 1 });
  return domainPage(records, limit, domainViewDeps);
}

function viewOfDomain(domain: DomainRecord, { domainViewDeps }: SupervisorParts): DomainView {
  return domainViewOf(domain, domainViewDeps);
}

export function tellAdded(domain: DomainRecord, by: Actor, parts: SupervisorParts): void {
  const leadsTo = instanceName(domain.service, domain.tenantId);
  const message = isActive(domain)
    ? `${domain.host} leads to ${leadsTo}`
    : `${domain.host} will lead to ${leadsTo} when it is verified`;
  tell('domain-added', domain, message, by, parts);
}

function tell(
  type: 'domain-added' | 'domain-removed',
  { host, service, tenantId }: DomainRecord,
  message: string,
  by: Actor,
  { deps: { events, clock } }: SupervisorParts,
): void {
  const about = { atMs: clock.nowMs(), instance: null, tenant: tenantId, by };
  events.append({ ...about, type, message, data: { domain: host, service } });
}

function notVerified({ host, verification }: DomainRecord): TenementError {
  const why = verification?.problem ?? 'it was not looked for';
  const message = `${host} is not verified: ${why}`;
  if (verification === null) return new TenementError('domain_not_verified', message);
  const hint = `DNS needs: ${recordName(host)} TXT ${verification.token}. A new record may take minutes to be seen.`;
  return new TenementError('domain_not_verified', message, { hint });
}
