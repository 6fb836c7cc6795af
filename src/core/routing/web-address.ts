/** The address of a tenant's service through the proxy. Pure. */
import type { TenantFrom } from '../identity/tenant-source.ts';
import type { ProxyConfig } from '../service/service.ts';

export interface WebAddress {
  /** `acme.example.com`, or `acme.api.example.com` for a service that is not the default; without a port. */
  readonly host: string;
  /** null when the proxy serves any domain, its port is not known yet, or neither host nor path name the tenant. */
  readonly url: string | null;
}

type Naming = Pick<ProxyConfig, 'domains' | 'defaultService'>;

interface Addressing {
  readonly proxy: Naming;
  readonly tenantFrom: Pick<TenantFrom, 'sources'>;
}

export const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Domain of a tenant's host when the proxy serves any domain and routes by the first label alone. */
const ANY_DOMAIN = 'localhost';

/**
 * Returns the address.
 * @param urlOf returns the URL of a host through the proxy; null: not known yet
 * @param sources what names a tenant; when the host does not, the URL has the tenant in its path, or there is none
 */
export function webAddressOf(
  { proxy, tenantFrom: { sources } }: Addressing,
  urlOf: (host: string) => string | null,
  service: string,
  tenantId: string,
): WebAddress {
  const host = `${tenantId}.${commonHostOf(proxy, service)}`;
  if (firstDomain(proxy) === null) return { host, url: null };
  if (sources.some(({ kind }) => kind === 'host')) return { host, url: urlOf(host) };
  const path = sources.find((source) => source.kind === 'path');
  const origin = urlOf(commonHostOf(proxy, service));
  return { host, url: path === undefined || origin === null ? null : `${origin}${path.prefix}${tenantId}/` };
}

/** Returns the host that all tenants of a service share, when something else than the host names the tenant. */
export function commonHostOf(proxy: Naming, service: string): string {
  const domain = firstDomain(proxy) ?? ANY_DOMAIN;
  return service === proxy.defaultService ? domain : `${service}.${domain}`;
}

/** Returns the URL of a host through the proxy; null for port 0, which is not known yet. */
export function urlAt(host: string, scheme: 'http' | 'https', port: number): string | null {
  return port === 0 ? null : `${scheme}://${host}${port === DEFAULT_PORTS[scheme] ? '' : `:${port}`}`;
}

/** Returns the first domain; null when the proxy serves any. */
export function firstDomain({ domains }: Pick<Naming, 'domains'>): string | null {
  return domains.find((name) => name !== '*') ?? null;
}
