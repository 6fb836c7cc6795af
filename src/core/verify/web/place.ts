/** Where a probe sends a tenant's requests, which follows from what names a tenant in this config. Pure. */
import { sourceText, type TenantFrom, type TenantSource } from '../../identity/tenant-source.ts';
import { DEFAULT_PORTS } from '../../routing/web-address.ts';

/** A place that leads to one tenant. */
export interface Place {
  /** What names the tenant there; `socket`: a public socket that tenement serves. */
  readonly kind: TenantSource['kind'] | 'socket';
  /** Host field, with the port of `scheme`. */
  readonly host: string;
  readonly scheme: Scheme;
  /** What stands before the application's own path: `/t/acme`, or empty. */
  readonly prefix: string;
  /** The field that names the tenant; null: none does. */
  readonly header: readonly [name: string, value: string] | null;
  /** The address to connect from, which the proxy trusts; null: any. */
  readonly localAddress: string | null;
  /** The socket to connect to; null: the proxy's port. */
  readonly socketPath: string | null;
}

/** How clients reach the proxy. */
export type Scheme = 'http' | 'https';

/** What is known of a tenant and of the proxy. Hosts have no port. */
export interface Addresses {
  readonly tenantId: string;
  readonly tenantFrom: TenantFrom;
  /** The tenant's own host. */
  readonly ownHost: string;
  /** The host that all tenants share. */
  readonly commonHost: string;
  /** An address of this machine that is a trusted proxy's; null: there is none. */
  readonly trustedAddress: string | null;
  /** The public socket, if tenement's proxy serves it; null: it does not. */
  readonly proxiedSocket: string | null;
}

/** Returns the place at the proxy's plain port; a string says why requests of a probe cannot reach the tenant. */
export function placeOf(addresses: Addresses, port: number): Place | string {
  const place = portlessPlaceOf(addresses);
  return typeof place === 'string' ? place : placeAt(place, 'http', port);
}

/** Returns the same place as clients reach it at another port of the proxy. */
export function placeAt(place: Place, scheme: Scheme, port: number): Place {
  const name = hostNameOf(place);
  return { ...place, scheme, host: port === DEFAULT_PORTS[scheme] ? name : `${name}:${port}` };
}

/** Returns the host without its port. */
export function hostNameOf({ host }: Place): string {
  return host.replace(/:\d+$/, '');
}

function portlessPlaceOf(addresses: Addresses): Place | string {
  const { tenantFrom, proxiedSocket, ownHost } = addresses;
  for (const source of inOrderOfTrial(tenantFrom)) {
    const place = placeBy(source, addresses);
    if (place !== null) return place;
  }
  if (proxiedSocket !== null) return { ...NOWHERE, kind: 'socket', host: ownHost, socketPath: proxiedSocket };
  const sources = tenantFrom.sources.map(sourceText).join(', ');
  return (
    `tenant_from is ${sources}, which the proxy believes only from trusted_proxies; to send the probe, ` +
    'add an address of this machine, such as 127.0.0.2, or set public_socket = "proxied"'
  );
}

/**
 * A token leads to its own tenant, so it serves only where nothing else does: unless the first source decides alone. Then
 * any other would not.
 */
function inOrderOfTrial({ sources, onMismatch }: TenantFrom): readonly TenantSource[] {
  if (onMismatch !== 'refuse') return sources;
  return [...sources.filter(({ kind }) => kind !== 'jwt'), ...sources.filter(({ kind }) => kind === 'jwt')];
}

const NOWHERE = { scheme: 'http', prefix: '', header: null, localAddress: null, socketPath: null } as const;

function placeBy(source: TenantSource, addresses: Addresses): Place | null {
  const { tenantId, ownHost, commonHost, trustedAddress } = addresses;
  const { kind } = source;
  if (kind === 'host') return { ...NOWHERE, kind, host: ownHost };
  const common = { ...NOWHERE, kind, host: commonHost };
  if (kind === 'path') return { ...common, prefix: `${source.prefix}${tenantId}` };
  if (kind === 'jwt') return common;
  if (trustedAddress === null) return null;
  return { ...common, header: [source.name, tenantId], localAddress: trustedAddress };
}
