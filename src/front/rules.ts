/** Which hosts lead to which sockets, as a front server can be told: by patterns, since it knows no registry. Pure. */
import type { Config, ServiceConfig } from '../core/service/service.ts';
import { publicSocketPath } from '../core/service/socket-path.ts';

/** A tenant id as a regular expression that PCRE and Go's RE2 read alike; see `isLabel`. */
const ID = '([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)';

export interface FrontRule {
  readonly service: ServiceConfig;
  /** Matches the host, lower case, without port; its one group is the tenant's id. Not anchored. */
  readonly pattern: string;
}

export interface FrontAlias {
  readonly service: ServiceConfig;
  /** The leading label, and what follows it as a pattern. */
  readonly label: string;
  readonly rest: string;
  readonly tenantId: string;
}

/** In the order in which they are tried: those that name a service first. */
export function frontRules(config: Config): FrontRule[] {
  return frontTargets(config).map(({ service, rest }) => ({ service, pattern: ID + rest }));
}

export function frontAliases(config: Config): FrontAlias[] {
  return [...config.aliases].flatMap(([label, tenantId]) =>
    frontTargets(config).map(({ service, rest }) => ({ service, label, rest, tenantId })),
  );
}

/** The public socket of a service's instances, `id` in the tenant's place; null when it listens on ports. */
export function socketFor(service: ServiceConfig, id: string, { settings }: Config): string | null {
  return service.listen === 'port' ? null : publicSocketPath(service, id, settings);
}

interface FrontTarget {
  readonly service: ServiceConfig;
  /** What stands right of the tenant's label. */
  readonly rest: string;
}

function frontTargets({ proxy, services }: Config): FrontTarget[] {
  const domains = domainPattern(proxy.domains);
  const named = [...services.values()].map((service) => ({
    service,
    rest: `\\.${escapeRegExp(service.name)}${domains}`,
  }));
  const main = proxy.defaultService === null ? undefined : services.get(proxy.defaultService);
  return main === undefined ? named : [...named, { service: main, rest: domains }];
}

/** `*` is any domain, or none. */
function domainPattern(domains: readonly string[]): string {
  const patterns = domains.map((domain) => (domain === '*' ? '(?:\\..+)?' : `\\.${escapeRegExp(domain)}`));
  return patterns.length === 1 ? patterns.join('') : `(?:${patterns.join('|')})`;
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
