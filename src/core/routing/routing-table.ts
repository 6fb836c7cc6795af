/**
 * The only description of how hosts lead to instances. It is plain data and survives JSON, so the proxy, its workers,
 * `/api/ask` and the printed front configurations all use the same table. Pure.
 */
import type { Config } from '../service/service.ts';

export interface RoutingTable {
  /** A later table has a higher number. */
  readonly version: number;
  /**
   * Suffix to the right of the tenant's label (`example.com`, `api.example.com`), in lower case and without a trailing
   * dot, with the services that it may mean, in the order in which they are tried. No suffix occurs twice.
   */
  readonly suffixes: readonly (readonly [suffix: string, services: readonly string[]])[];
  /** Set with the domain `*`: a host without a listed suffix is routed by its first labels alone. */
  readonly anyDomain: AnyDomain | null;
  /** First label of a host → tenant id. */
  readonly aliases: readonly (readonly [label: string, tenantId: string])[];
}

export interface AnyDomain {
  /** Services that the second label may name. */
  readonly services: readonly string[];
  /** null when the host must name the service. */
  readonly defaultService: string | null;
}

type RoutingConfig = Pick<Config, 'services' | 'aliases'> & {
  readonly proxy: Pick<Config['proxy'], 'domains' | 'defaultService'>;
};

export function routingTable({ proxy, services, aliases }: RoutingConfig, version: number): RoutingTable {
  const { domains, defaultService } = proxy;
  const names = [...services.keys()];
  const suffixes = new Map<string, string[]>();
  const add = (suffix: string, service: string) => {
    const before = suffixes.get(suffix) ?? [];
    if (!before.includes(service)) suffixes.set(suffix, [...before, service]);
  };
  for (const domain of domains) {
    if (domain === '*') continue;
    for (const name of names) add(`${name}.${domain}`, name);
    if (defaultService !== null) add(domain, defaultService);
  }
  return {
    version,
    suffixes: [...suffixes],
    anyDomain: domains.includes('*') ? { services: names, defaultService } : null,
    aliases: [...aliases],
  };
}
