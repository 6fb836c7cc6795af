/** Storage of tenants' domains, which the registry implements. They change with `TenantStore.commit`. */
import type { DomainCounts, DomainRecord } from '../domains/domain.ts';

/** Where a page ends: the key of its last domain. */
export interface DomainKey {
  readonly host: string;
  readonly tenantId: string;
}

export interface DomainPageQuery {
  /** Only domains of this tenant. */
  readonly tenantId?: string | undefined;
  /** Only domains that lead to this service. */
  readonly service?: string | undefined;
  readonly after?: DomainKey | undefined;
  readonly limit: number;
}

/** What a proxy needs of a domain. */
export type RoutedDomain = Pick<DomainRecord, 'host' | 'service' | 'tenantId'>;

/** Each method may throw {TenementError} `state_failed`. */
export interface DomainStore {
  /** Returns the domains of one host, the active one first, then by tenant. */
  ofHost(host: string): DomainRecord[];
  /** Returns the hosts of one tenant's domains, pending ones too, in order. */
  hostsOf(tenantId: string): string[];
  countsOf(tenantId: string): DomainCounts;
  /** Returns domains by host, then by tenant. */
  page(query: DomainPageQuery): DomainRecord[];
  /** Iterates over all active domains. */
  active(): Iterable<RoutedDomain>;
  /** Returns active domains that are `domain` or under it, at most `limit`, and how many there are. */
  under(domain: string, limit: number): { readonly domains: readonly DomainRecord[]; readonly count: number };
  /** Returns pending domains that are due for a check, the longest due first. */
  due(nowMs: number, limit: number): DomainRecord[];
  /** When the next check is due, ms since the epoch; null: none is. */
  nextCheckAtMs(): number | null;
}
