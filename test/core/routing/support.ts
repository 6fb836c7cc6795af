import { RoutingIndex } from '../../../src/core/routing/routing-index.ts';
import { type RoutingTable, routingTable } from '../../../src/core/routing/routing-table.ts';
import { configOf, SERVICE } from '../../supervisor/fakes.ts';

export interface Names {
  readonly domains: readonly string[];
  readonly defaultService: string | null;
  readonly services: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
}

export function tableOf({ domains, defaultService, services, aliases }: Names): RoutingTable {
  const config = configOf(SERVICE, {});
  return routingTable(
    {
      services: new Map(services.map((name) => [name, { ...SERVICE, name }])),
      proxy: { ...config.proxy, domains, defaultService },
      aliases: new Map(Object.entries(aliases)),
    },
    1,
  );
}

/** The index as a worker builds it, from a table sent as a message. */
export function indexOf(names: Names): RoutingIndex {
  return new RoutingIndex(JSON.parse(JSON.stringify(tableOf(names))));
}
