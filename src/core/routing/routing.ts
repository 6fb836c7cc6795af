/** From a Host header to the instance that it names. Pure: knows names, not processes. */
import { type InstanceName, instanceName } from '../lifecycle/instance.ts';
import { isLabel } from '../tenants/tenant.ts';

export interface RoutingTable {
  /** Lower case, no trailing dot; `*` matches any host by its leading label. */
  readonly domains: readonly string[];
  /** The service of `{tenant}.{domain}`, or null when it must be named. */
  readonly defaultService: string | null;
  readonly services: ReadonlySet<string>;
  /** Leading label → tenant id. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** RFC 9112 §3.2: uri-host [":" port]. Names are letters, digits, - _ and dots; or an IP literal. */
const HOST = /^(?<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;

/**
 * The host without port, case and trailing dot, or null when it is not a valid host at all (to be
 * answered with 400). A valid host that names nobody is not this function's business.
 */
export function normalizeHost(header: string): string | null {
  const name = HOST.exec(header)?.groups?.['name'];
  if (name === undefined) return null;
  return name.toLowerCase().replace(/\.$/, '');
}

/** The instances that a normalized host may name, first match first; the caller takes the first registered. */
export function candidates(host: string, table: RoutingTable): InstanceName[] {
  const found: InstanceName[] = [];
  for (const domain of table.domains) {
    const labels = labelsLeftOf(host, domain);
    if (labels !== null) found.push(...candidatesFor(labels, domain, table));
  }
  return found;
}

function labelsLeftOf(host: string, domain: string): string[] | null {
  if (domain === '*') return host.split('.');
  if (!host.endsWith(`.${domain}`)) return null;
  return host.slice(0, -domain.length - 1).split('.');
}

function candidatesFor(labels: readonly string[], domain: string, table: RoutingTable): InstanceName[] {
  const [tenant, service] = labels;
  if (tenant === undefined || !isLabel(tenant)) return [];
  const services: string[] = [];
  const named = service !== undefined && table.services.has(service);
  if (named && (labels.length === 2 || domain === '*')) services.push(service);
  if (table.defaultService !== null && (labels.length === 1 || domain === '*')) services.push(table.defaultService);
  const alias = table.aliases.get(tenant);
  const tenants = alias === undefined ? [tenant] : [tenant, alias];
  return tenants.flatMap((id) => services.map((name) => instanceName(name, id)));
}
