/** Looks hosts up in a routing table and among tenants' own domains. Knows names but no processes. Pure, apart from a cache. */
import { type DomainLookup, NO_DOMAINS } from '../domains/domain-routes.ts';
import { type InstanceName, instanceName } from '../lifecycle/instance.ts';
import { isLabel } from '../tenants/tenant.ts';
import { normalizeHost } from './host.ts';
import type { AnyDomain, RoutingTable } from './routing-table.ts';

/** At this number all cached headers are dropped, so that a client with endless hosts cannot fill the memory. */
const MAX_REMEMBERED = 20_000;
/** Longer headers are not cached: the longest name (RFC 1035 §2.3.4) with a port. */
const MAX_REMEMBERED_LENGTH = 261;

/** Instances that a host may name, in order; null when the host is invalid. */
export type NamedInstances = readonly InstanceName[] | null;

export class RoutingIndex {
  readonly version: number;
  private readonly suffixes: ReadonlyMap<string, readonly string[]>;
  private readonly aliases: ReadonlyMap<string, string>;
  private readonly anyDomain: AnyDomain | null;
  private readonly domains: DomainLookup;
  /** Version of the domains that the remembered results are of. */
  private domainsVersion: number;
  /** Host header → result, because clients send the same few headers again and again. */
  private readonly remembered = new Map<string, NamedInstances>();

  /** @param domains looked at for each host, so that a change takes effect at once */
  constructor({ version, suffixes, aliases, anyDomain }: RoutingTable, domains: DomainLookup = NO_DOMAINS) {
    this.domains = domains;
    this.domainsVersion = domains.version;
    this.version = version;
    this.suffixes = new Map(suffixes);
    this.aliases = new Map(aliases);
    this.anyDomain = anyDomain;
  }

  /** Returns the instances for a Host header as received. The first registered one serves the host. */
  named(header: string): NamedInstances {
    if (this.domains.version !== this.domainsVersion) this.forget();
    const before = this.remembered.get(header);
    if (before !== undefined) return before;
    // Most are sent as they are kept. They are not remembered: there may be more of them than places.
    const own = this.domains.get(header);
    if (own !== undefined) return this.withOwn(header, own);
    const host = normalizeHost(header);
    const named = host === null ? null : this.candidates(host);
    if (header.length > MAX_REMEMBERED_LENGTH) return named;
    if (this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
    this.remembered.set(header, named);
    return named;
  }

  private forget(): void {
    this.remembered.clear();
    this.domainsVersion = this.domains.version;
  }

  /**
   * Returns the instances for a normalized host. A tenant precedes an alias of the same name. A domain of a tenant's own
   * comes after the names below a listed domain, as which a front server already takes the host, and before those of `*`.
   */
  candidates(host: string): InstanceName[] {
    const own = this.domains.get(host);
    return own === undefined ? this.namedByLabels(host) : this.withOwn(host, own);
  }

  private withOwn(host: string, own: InstanceName): InstanceName[] {
    const dot = host.indexOf('.');
    if (this.suffixes.has(host.slice(dot + 1))) return [...this.namedByLabels(host), own];
    return this.anyDomain === null ? [own] : [own, ...this.namedByLabels(host)];
  }

  private namedByLabels(host: string): InstanceName[] {
    const dot = host.indexOf('.');
    const label = dot === -1 ? host : host.slice(0, dot);
    if (!isLabel(label)) return [];
    const services = this.servicesRightOf(dot === -1 ? '' : host.slice(dot + 1));
    return this.tenantsOf(label).flatMap((id) => services.map((service) => instanceName(service, id)));
  }

  /** Returns the services that a suffix may mean, in order. @param suffix empty for a host without a dot */
  servicesRightOf(suffix: string): readonly string[] {
    const listed = this.suffixes.get(suffix) ?? [];
    if (this.anyDomain === null) return listed;
    const [label = ''] = suffix.split('.', 1);
    return [...new Set([...listed, ...servicesOfAny(this.anyDomain, label)])];
  }

  /** Returns the tenant ids that a first label may mean, in order. */
  tenantsOf(label: string): string[] {
    const alias = this.aliases.get(label);
    return alias === undefined || alias === label ? [label] : [label, alias];
  }
}

/** Returns the services that a host of any domain may mean, in order, when its second label is `label`. */
function servicesOfAny({ services, defaultService }: AnyDomain, label: string): string[] {
  const named = services.includes(label) ? [label] : [];
  return defaultService === null || defaultService === label ? named : [...named, defaultService];
}
