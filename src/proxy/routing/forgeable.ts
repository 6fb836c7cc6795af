/** Finds trusted proxies whose addresses tenants can connect from, too. Pure. */
import type { NetworkInterfaceInfo } from 'node:os';
import type { Config } from '../../core/service/service.ts';
import { trustedPeers } from './trusted.ts';

/** A process on the host's network may bind any of 127.0.0.0/8 before it connects. */
const LOOPBACK_V4 = /^127\./;

/**
 * Returns a warning when tenants could forge the identity of clients; none when no proxy is trusted, or no tenant uses
 * the host's network. @param interfaces in the form of os.networkInterfaces()
 */
export function forgeableTrust(
  { proxy, services }: Pick<Config, 'services'> & { readonly proxy: Pick<Config['proxy'], 'trustedProxies'> },
  interfaces: NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address'>[]>,
): string[] {
  const onHost = [...services.values()].filter(({ network }) => network === 'host').map(({ name }) => name);
  const own = [
    '127.0.0.1',
    '::1',
    ...Object.values(interfaces).flatMap((all = []) => all.map(({ address }) => address)),
  ];
  const theirs = proxy.trustedProxies.filter((entry) => isReachedFrom(entry, own));
  if (onHost.length === 0 || theirs.length === 0) return [];
  const [service] = onHost;
  const who = onHost.length === 1 ? `service.${service}` : `${onHost.length} services, service.${service} among them,`;
  return [
    `proxy.trusted_proxies has ${theirs.join(', ')}, an address of this machine, and tenants of ${who} connect from there ` +
      'as well (network = "host"): they can forge the address, host and identity of a client towards other tenants. ' +
      'Let the front server connect to the public sockets, or set network = "none" (docs/front-servers.md)',
  ];
}

/** Whether an address or CIDR range includes one of the machine's own addresses. */
function isReachedFrom(entry: string, own: readonly string[]): boolean {
  return LOOPBACK_V4.test(entry) || own.some(trustedPeers([entry]));
}
