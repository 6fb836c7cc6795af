/** The domains of a copy, for the tenant that is made of it. */
import type { Actor } from '../../core/access/actor.ts';
import type { Manifest } from '../../core/archive/manifest.ts';
import { type DomainRecord, isActive } from '../../core/domains/domain.ts';
import { defaultServiceOf } from '../../core/service/default-service.ts';
import { TenementError } from '../../errors.ts';
import { claimDomain } from '../domains/domain-claims.ts';
import { tellAdded } from '../domains/domain-verbs.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';

type Archived = Pick<Manifest, 'tenant'>;

/**
 * Gives a tenant its domains back. A tenant with another id gets none: a domain leads to one tenant, and the other may have
 * it still.
 */
export class ArchivedDomains {
  private readonly tenantId: string;
  private readonly archived: Archived['tenant'];
  private readonly parts: SupervisorParts;
  private given: readonly DomainRecord[] = [];
  /** A sentence for each that it does not get. */
  private refused: readonly string[] = [];

  constructor(tenantId: string, { tenant }: Archived, parts: SupervisorParts) {
    this.tenantId = tenantId;
    this.archived = tenant;
    this.parts = parts;
  }

  /** Returns those that are free, for the transaction that the same step writes. May be called again. */
  claim(): readonly DomainRecord[] {
    const { archived, tenantId } = this;
    const claimed = archived.id === tenantId ? archived.domains.map((host) => this.claimed(host)) : [];
    this.refused = claimed.filter((one) => typeof one === 'string');
    this.given = claimed.filter((one) => typeof one !== 'string');
    return this.given;
  }

  /** Tells what was given, when it is registered. Returns a sentence for each that the tenant lacks. */
  async told(by: Actor): Promise<string[]> {
    const { archived, tenantId, parts, given } = this;
    if (archived.domains.length === 0) return [];
    if (archived.id !== tenantId)
      return [`domains lead to one tenant, so these stay with ${archived.id}: ${archived.domains.join(', ')}`];
    await parts.domains.settled();
    parts.domainChecks.renew();
    for (const domain of given) tellAdded(domain, by, parts);
    const pending = given.filter((domain) => !isActive(domain));
    const unproven = pending.map(({ host }) => `${host} is pending: \`tenement domain ls ${tenantId}\` has its record`);
    return [...this.refused, ...unproven];
  }

  /** Returns the domain, or why the tenant does not get it. */
  private claimed(host: string): DomainRecord | string {
    const { config, domains, deps } = this.parts;
    const { domainServices = {}, pendingDomains = [] } = this.archived;
    try {
      const service = domainServices[host] ?? defaultServiceOf(config, 'service');
      const claiming = {
        service,
        verify: pendingDomains.includes(host),
        nowMs: deps.clock.nowMs(),
        isSeen: () => true,
      };
      return claimDomain(this.tenantId, host, claiming, { config, store: domains.store }).domain;
    } catch (error) {
      if (!(error instanceof TenementError)) throw error;
      return `${host} is not given back: ${error.message}`;
    }
  }
}
