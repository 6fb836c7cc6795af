/** Looks hosts up in a routing table. Knows names, not processes. Pure, but for what it remembers. */
import { type InstanceName, instanceName } from '../lifecycle/instance.ts';
import { isLabel } from '../tenants/tenant.ts';
import { normalizeHost } from './host.ts';
import type { AnyDomain, RoutingTable } from './routing-table.ts';

/** Past this number all remembered headers are dropped, so that a client with endless hosts cannot fill the memory. */
const MAX_REMEMBERED = 20_000;
/** Longer headers are not remembered: the longest name (RFC 1035 §2.3.4) with a port. */
const MAX_REMEMBERED_LENGTH = 261;

/** The instances that a host may name, first match first; null when it is not a valid host. */
export type NamedInstances = readonly InstanceName[] | null;

export class RoutingIndex {
  readonly version: number;
  private readonly suffixes: ReadonlyMap<string, readonly string[]>;
  private readonly aliases: ReadonlyMap<string, string>;
  private readonly anyDomain: AnyDomain | null;
  /** By Host header: clients send the same few again and again. */
  private readonly remembered = new Map<string, NamedInstances>();

  constructor({ version, suffixes, aliases, anyDomain }: RoutingTable) {
    this.version = version;
    this.suffixes = new Map(suffixes);
    this.aliases = new Map(aliases);
    this.anyDomain = anyDomain;
  }

  /** `header`: a Host header as received. The first registered of the instances is the one that serves the host. */
  named(header: string): NamedInstances {
    const before = this.remembered.get(header);
    if (before !== undefined) return before;
    const host = normalizeHost(header);
    const named = host === null ? null : this.candidates(host);
    if (header.length > MAX_REMEMBERED_LENGTH) return named;
    if (this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
    this.remembered.set(header, named);
    return named;
  }

  /** Of a normalized host. A tenant comes before an alias of the same name. */
  candidates(host: string): InstanceName[] {
    const dot = host.indexOf('.');
    const label = dot === -1 ? host : host.slice(0, dot);
    if (!isLabel(label)) return [];
    const services = this.servicesRightOf(dot === -1 ? '' : host.slice(dot + 1));
    return this.tenantsOf(label).flatMap((id) => services.map((service) => instanceName(service, id)));
  }

  /** The services that a host of this suffix may mean, first match first; `suffix` is empty for a host without a dot. */
  servicesRightOf(suffix: string): readonly string[] {
    const listed = this.suffixes.get(suffix) ?? [];
    if (this.anyDomain === null) return listed;
    const [label = ''] = suffix.split('.', 1);
    return [...new Set([...listed, ...servicesOfAny(this.anyDomain, label)])];
  }

  /** The tenant ids that a leading label may mean, first match first. */
  tenantsOf(label: string): string[] {
    const alias = this.aliases.get(label);
    return alias === undefined || alias === label ? [label] : [label, alias];
  }
}

/** The services that a host of any domain may mean whose second label is `label`, first match first. */
export function servicesOfAny({ services, defaultService }: AnyDomain, label: string): string[] {
  const named = services.includes(label) ? [label] : [];
  return defaultService === null || defaultService === label ? named : [...named, defaultService];
}
