/** Domains in memory, which change with the tenants. */
import { type DomainRecord, isActive } from '../../src/core/domains/domain.ts';
import type { DomainPageQuery, DomainStore } from '../../src/core/stores/domain-store.ts';
import { isForgotten, type TenantChange } from '../../src/core/stores/tenant-store.ts';

export class FakeDomains implements DomainStore {
  readonly records = new Map<string, DomainRecord>();

  apply(change: TenantChange): void {
    const { tenantId, putDomains = [], removeDomains = [] } = change;
    for (const host of isForgotten(change) ? this.hostsOf(tenantId) : removeDomains)
      this.records.delete(`${host}/${tenantId}`);
    for (const domain of putDomains) this.records.set(`${domain.host}/${domain.tenantId}`, domain);
  }

  ofHost(host: string): DomainRecord[] {
    const all = this.#sorted().filter((domain) => domain.host === host);
    return [...all.filter(isActive), ...all.filter((domain) => !isActive(domain))];
  }

  hostsOf(tenantId: string): string[] {
    return this.#of(tenantId).map(({ host }) => host);
  }

  countsOf(tenantId: string) {
    const all = this.#of(tenantId);
    return { all: all.length, pending: all.filter((domain) => !isActive(domain)).length };
  }

  page({ tenantId, service, limit }: DomainPageQuery): DomainRecord[] {
    const all = this.#sorted().filter((one) => [one.tenantId, undefined].includes(tenantId));
    return all.filter((one) => [one.service, undefined].includes(service)).slice(0, limit);
  }

  active(): DomainRecord[] {
    return this.#sorted().filter(isActive);
  }

  under(domain: string, limit: number) {
    const domains = this.active().filter(({ host }) => host === domain || host.endsWith(`.${domain}`));
    return { domains: domains.slice(0, limit), count: domains.length };
  }

  due(nowMs: number, limit: number): DomainRecord[] {
    return this.#sorted()
      .filter(({ verification }) => (verification?.nextCheckAtMs ?? Number.POSITIVE_INFINITY) <= nowMs)
      .slice(0, limit);
  }

  nextCheckAtMs(): number | null {
    const all = this.#sorted().flatMap(({ verification }) => verification?.nextCheckAtMs ?? []);
    return all.length === 0 ? null : Math.min(...all);
  }

  #sorted(): DomainRecord[] {
    return Array.from(this.records)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, domain]) => domain);
  }

  #of(tenantId: string): DomainRecord[] {
    return this.#sorted().filter((domain) => domain.tenantId === tenantId);
  }
}
