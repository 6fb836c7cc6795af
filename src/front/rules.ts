/** Expresses the routing table for a front server, by patterns of hosts and by the sockets that exist. Pure. */
import { dirname } from 'node:path';
import { isHostOnly } from '../core/identity/tenant-source.ts';
import { formatAddress } from '../core/routing/address.ts';
import { hostPatterns, type Target } from '../core/routing/host-patterns.ts';
import { routingTable } from '../core/routing/routing-table.ts';
import type { Config, ServiceConfig } from '../core/service/service.ts';
import { frontSocketPath, publicSocketPath } from '../core/service/socket-path.ts';

/** Returns where a front server reaches tenement's own proxy: at a socket if the config has one. */
export function proxyAddress({ proxy, settings }: Config): { readonly socket: string } | { readonly address: string } {
  if (proxy.socketGroup === null) return { address: formatAddress(proxy.listen) };
  return { socket: frontSocketPath(settings) };
}

export interface FrontTarget {
  readonly service: ServiceConfig;
  readonly tenantId: string;
  /** The instance's public socket, which exists exactly while the instance is registered. */
  readonly socket: string;
}

export interface FrontRule {
  /** Matches the host in lower case without its port; not anchored. Without an alias its one group is the tenant's id. */
  readonly pattern: string;
  /** The alias that the pattern begins with, or null. */
  readonly alias: string | null;
  /**
   * Returns the instances to look for, in order. The first one whose socket exists serves the request. If none exists, and
   * for services that listen on ports, tenement's own proxy decides.
   */
  targets(tenant: string): FrontTarget[];
}

/**
 * Returns the rules in the order in which they are tried. Hosts that only the domain `*` matches have none: any of them may
 * be a tenant's own domain, which comes before its leading label and which only the proxy knows. There are none either
 * when something else than the host may name the tenant: only the proxy looks at it.
 */
export function frontRules(config: Config): FrontRule[] {
  if (!isHostOnly(config.tenantFrom)) return [];
  return hostPatterns(routingTable(config, 1)).map(({ pattern, alias, targets }) => ({
    pattern,
    alias,
    targets: (tenant) => unforged(alias, withSockets(targets(tenant), config), config),
  }));
}

/** Returns the fields that name a tenant. A front server is a trusted proxy, so it may not pass on what a client claims. */
export function tenantFields({ tenantFrom }: Pick<Config, 'tenantFrom'>): string[] {
  return tenantFrom.sources.flatMap((source) => (source.kind === 'header' ? [source.name] : []));
}

/**
 * Ignores sockets in directories that tenants may write to when an alias is looked up. A tenant could otherwise make the
 * socket of a tenant that does not exist, and take the requests for the alias of the same name.
 */
function unforged(alias: string | null, targets: FrontTarget[], { settings }: Config): FrontTarget[] {
  const own = targets.filter(({ tenantId }) => tenantId === alias);
  return own.every(({ socket }) => dirname(socket) === settings.runtimeDir) ? targets : [];
}

/** Stops at the first instance without a socket: only the proxy knows whether that one is registered. */
function withSockets(targets: readonly Target[], { services, settings }: Config): FrontTarget[] {
  const found: FrontTarget[] = [];
  for (const { service: name, tenantId } of targets) {
    const service = services.get(name);
    if (service === undefined || service.listen === 'port') return found;
    found.push({ service, tenantId, socket: publicSocketPath(service, tenantId, settings) });
  }
  return found;
}
