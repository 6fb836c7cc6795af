/** From the config that is served now to the table by which hosts are routed. */
import type { RoutingTable } from './core/routing/routing.ts';
import type { Config } from './core/service/service.ts';

/** The table of the config of now, made once for each config. */
export function routingTables(configNow: () => Config): () => RoutingTable {
  let config = configNow();
  let table = routingTable(config);
  return () => {
    const now = configNow();
    if (now !== config) table = routingTable(now);
    config = now;
    return table;
  };
}

function routingTable({ proxy, services, aliases }: Config): RoutingTable {
  return {
    domains: proxy.domains,
    defaultService: proxy.defaultService,
    services: new Set(services.keys()),
    aliases,
  };
}
