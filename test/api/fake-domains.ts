/** Domains behind the API: remembers what it was asked, keeps views in a map. */
import { unknownDomain } from '../../src/core/domains/domain.ts';
import type {
  AddDomainOptions,
  ChosenDomain,
  DomainFace,
  DomainQuery,
  DomainVerbs,
  DomainView,
  IsSeen,
} from '../../src/core/verbs/domain-verbs.ts';

export function domainView(domain: string, overrides: Partial<DomainView> = {}): DomainView {
  return {
    domain,
    name: domain,
    tenant: 'acme',
    service: 'api',
    state: 'active',
    reason: 'leads to api:acme',
    url: `http://${domain}:8080`,
    warning: null,
    proof: null,
    certificate: null,
    addedAt: '2026-01-01T00:00:00.000Z',
    verifiedAt: null,
    checkedAt: null,
    nextCheckAt: null,
    ...overrides,
  };
}

export class FakeDomains implements DomainFace {
  readonly calls: unknown[][] = [];
  readonly views = new Map<string, DomainView>();
  failure: Error | null = null;

  by(_actor: unknown, isSeen: IsSeen = () => true): DomainVerbs {
    const found = (domain: string, chosen?: ChosenDomain): DomainView => {
      const view = this.views.get(domain);
      if (view === undefined || !isSeen({ service: view.service, tenantId: view.tenant })) throw unknownDomain(domain);
      return chosen?.tenant === undefined || chosen.tenant === view.tenant ? view : fail(domain);
    };
    const fail = (domain: string): never => {
      throw unknownDomain(domain);
    };
    return {
      add: async (tenant: string, domain: string, options: AddDomainOptions = {}) => {
        if (this.failure !== null) throw this.failure;
        this.calls.push(['add', tenant, domain, options]);
        const created = !this.views.has(domain);
        if (created) this.views.set(domain, domainView(domain, { tenant, service: options.service ?? 'api' }));
        return { view: found(domain), created };
      },
      get: found,
      remove: async (domain, chosen) => {
        found(domain, chosen);
        this.calls.push(['remove', domain]);
        this.views.delete(domain);
      },
      verify: async (domain, chosen) => {
        this.calls.push(['verify', domain]);
        return found(domain, chosen);
      },
    };
  }

  list(query: DomainQuery = {}) {
    this.calls.push(['list', query]);
    const domains = [...this.views.values()].filter(
      ({ tenant, service }) =>
        [tenant, undefined].includes(query.tenant) && [service, undefined].includes(query.service),
    );
    return { domains, next: null };
  }
}
