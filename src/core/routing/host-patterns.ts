/** A routing table as patterns, for front servers, which know no registry and match hosts by regular expressions. Pure. */
import { RoutingIndex, servicesOfAny } from './routing-index.ts';
import type { RoutingTable } from './routing-table.ts';

/** A tenant's label as a regular expression that PCRE and Go's RE2 read alike, in one group; see `isLabel`. */
const LABEL = '([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)';

/** Any further labels, or none; what `normalizeHost` lets into a host. */
const ANY_REST = '(?:\\.[a-z0-9._-]*)?';

export interface HostPattern {
  /** Matches a host in lower case, without its port; not anchored. */
  readonly pattern: string;
  /** The alias that the host begins with; null: the pattern's one group is the tenant's id. */
  readonly alias: string | null;
  /** The instances that a matching host may name, first match first. `tenant`: what to write for the pattern's group. */
  targets(tenant: string): Target[];
}

export interface Target {
  readonly service: string;
  readonly tenantId: string;
}

/** First match first: a host is named by the first pattern that it matches, and by that alone. */
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
  /** What stands right of the leading label. */
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
