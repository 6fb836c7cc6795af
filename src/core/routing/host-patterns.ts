/** Expresses a routing table as regular expressions for front servers, which do not know the registry. Pure. */

import { RoutingIndex } from './routing-index.ts';
import type { RoutingTable } from './routing-table.ts';

/** Matches a tenant's label in one group, in a form that PCRE and Go's RE2 read alike; see `isLabel`. */
const LABEL = '([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)';

export interface HostPattern {
  /** Matches a host in lower case without its port; not anchored. */
  readonly pattern: string;
  /** Alias that the host begins with; null: the pattern's one group is the tenant's id. */
  readonly alias: string | null;
  /**
   * Returns the instances that a matching host may name, in order: all of them, or with the domain `*` the first ones.
   * @param tenant text for the pattern's group
   */
  targets(tenant: string): Target[];
}

export interface Target {
  readonly service: string;
  readonly tenantId: string;
}

/**
 * Returns the patterns of hosts below listed domains, in the order in which they are tried. Only the first pattern that
 * matches names a host.
 */
export function hostPatterns(table: RoutingTable): HostPattern[] {
  const index = new RoutingIndex(table);
  // With `*`, other services of the label's own tenant come before those of the alias.
  const tenantsOf = (alias: string) => index.tenantsOf(alias).slice(0, table.anyDomain === null ? 2 : 1);
  const suffixes = table.suffixes.map(([suffix, services]) => ({ right: `\\.${escapeRegExp(suffix)}`, services }));
  const aliases = table.aliases.flatMap(([alias]) =>
    suffixes.map(({ right, services }) => ({
      pattern: `${alias}${right}`,
      alias,
      targets: () => tenantsOf(alias).flatMap((tenantId) => targetsOf(services, tenantId)),
    })),
  );
  const tenants = suffixes.map(({ right, services }) => ({
    pattern: `${LABEL}${right}`,
    alias: null,
    targets: (tenant: string) => targetsOf(services, tenant),
  }));
  return [...aliases, ...tenants];
}

function targetsOf(services: readonly string[], tenantId: string): Target[] {
  return services.map((service) => ({ service, tenantId }));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
