/** Expresses a routing table as regular expressions for front servers, which do not know the registry. Pure. */
import { RoutingIndex, servicesOfAny } from './routing-index.ts';
import type { RoutingTable } from './routing-table.ts';

/** Matches a tenant's label in one group, in a form that PCRE and Go's RE2 read alike; see `isLabel`. */
const LABEL = '([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)';

/** Matches any further labels, or none, of the characters that `normalizeHost` accepts. */
const ANY_REST = '(?:\\.[a-z0-9._-]*)?';

export interface HostPattern {
  /** Matches a host in lower case without its port; not anchored. */
  readonly pattern: string;
  /** Alias that the host begins with; null: the pattern's one group is the tenant's id. */
  readonly alias: string | null;
  /** Returns the instances that a matching host may name, in order. @param tenant text for the pattern's group */
  targets(tenant: string): Target[];
}

export interface Target {
  readonly service: string;
  readonly tenantId: string;
}

/** Returns the patterns in the order in which they are tried. Only the first pattern that matches names a host. */
export function hostPatterns(table: RoutingTable): HostPattern[] {
  const index = new RoutingIndex(table);
  const suffixes = suffixPatterns(table, index);
  const aliases = table.aliases.flatMap(([alias]) =>
    suffixes.map(({ right, services }) => ({
      pattern: `${alias}${right}`,
      alias,
      targets: () => index.tenantsOf(alias).flatMap((tenantId) => targetsOf(services, tenantId)),
    })),
  );
  const tenants = suffixes.map(({ right, services }) => ({
    pattern: `${LABEL}${right}`,
    alias: null,
    targets: (tenant: string) => targetsOf(services, tenant),
  }));
  return [...aliases, ...tenants];
}

interface SuffixPattern {
  /** Pattern for what follows the first label. */
  readonly right: string;
  readonly services: readonly string[];
}

function suffixPatterns({ suffixes, anyDomain }: RoutingTable, index: RoutingIndex): SuffixPattern[] {
  const listed = suffixes.map(([suffix]) => ({
    right: `\\.${escapeRegExp(suffix)}`,
    services: index.servicesRightOf(suffix),
  }));
  if (anyDomain === null) return listed;
  const named = anyDomain.services.map((service) => ({
    right: `\\.${escapeRegExp(service)}${ANY_REST}`,
    services: servicesOfAny(anyDomain, service),
  }));
  const rest = { right: ANY_REST, services: servicesOfAny(anyDomain, '') };
  return [...listed, ...named, rest];
}

function targetsOf(services: readonly string[], tenantId: string): Target[] {
  return services.map((service) => ({ service, tenantId }));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
