/** Hosts that tenants share, because something else in a request names the tenant. Pure. */
import { normalizeHost } from './host.ts';
import type { ProxySettingsFeed } from './proxy-settings.ts';

/**
 * Returns whether tenants share a host: `example.com` or `api.example.com`, when `tenant_from` has more than `host`. Without
 * `host` in it the proxy serves any host, but only these are known to be its own.
 */
export function sharedHosts(settings: Pick<ProxySettingsFeed, 'follow'>): (host: string) => boolean {
  let shared: ReadonlySet<string> = new Set();
  settings.follow(({ routing, identity }) => {
    shared = new Set(identity === null ? [] : routing.suffixes.map(([suffix]) => suffix));
  });
  return (host) => shared.has(normalizeHost(host) ?? '');
}
