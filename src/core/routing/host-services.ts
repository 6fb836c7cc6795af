/** The services that a host names, whoever names the tenant. Pure. */
import { parseInstanceName } from '../lifecycle/instance.ts';
import { normalizeHost } from './host.ts';
import type { RoutingIndex } from './routing-index.ts';
import type { RoutingTable } from './routing-table.ts';

/**
 * Returns the services in the order in which they are tried: of `api.example.com` and `acme.api.example.com` the service
 * `api`, of any other host the default service.
 * @param header Host as received, and valid
 */
export function servicesNamedBy(
  header: string,
  { anyDomain }: Pick<RoutingTable, 'anyDomain'>,
  index: RoutingIndex,
  defaultService: string | null,
): readonly string[] {
  const host = normalizeHost(header) ?? '';
  const ofDomain = anyDomain === null ? index.servicesRightOf(host) : labelOf(host, anyDomain.services);
  if (ofDomain.length > 0) return ofDomain;
  const ofTenants = (index.named(header) ?? []).map((instance) => parseInstanceName(instance).service);
  if (ofTenants.length > 0) return [...new Set(ofTenants)];
  return defaultService === null ? [] : [defaultService];
}

/** Returns the first label, if it is one of these. */
function labelOf(host: string, known: readonly string[]): string[] {
  const [label = ''] = host.split('.', 1);
  return known.includes(label) ? [label] : [];
}
