/** The address of a tenant's service through the proxy. Pure. */
import type { ProxyConfig } from '../service/service.ts';

export interface WebAddress {
  /** `acme.example.com`, or `acme.api.example.com` for a service that is not the default; without a port. */
  readonly host: string;
  /** null when the proxy serves any domain, or its port is not known yet. */
  readonly url: string | null;
}

type Naming = Pick<ProxyConfig, 'domains' | 'defaultService'>;

/** Domain of a tenant's host when the proxy serves any domain and routes by the first label alone. */
const ANY_DOMAIN = 'localhost';

/** Returns the address. @param port the proxy's port; 0: not known yet */
export function webAddressOf(proxy: Naming, port: number, service: string, tenantId: string): WebAddress {
  const domain = firstDomain(proxy);
  const labels = service === proxy.defaultService ? tenantId : `${tenantId}.${service}`;
  const host = `${labels}.${domain ?? ANY_DOMAIN}`;
  return { host, url: domain === null ? null : urlOf(host, port) };
}

/** Returns the URL of a host through the proxy. @param port the proxy's port; 0: not known yet */
export function urlOf(host: string, port: number): string | null {
  return port === 0 ? null : `http://${host}${port === 80 ? '' : `:${port}`}`;
}

/** Returns the first domain; null when the proxy serves any. */
export function firstDomain({ domains }: Pick<Naming, 'domains'>): string | null {
  return domains.find((name) => name !== '*') ?? null;
}
