/** The address of a screen, which is the fragment of the page's URL: `#/tenants/acme/logs?q=error`. Pure. */

export const TENANT_TABS = ['summary', 'usage', 'logs', 'events', 'secrets'] as const;
export type TenantTab = (typeof TENANT_TABS)[number];

export type Screen =
  | { readonly name: 'overview' | 'tenants' | 'instances' | 'events' | 'host' }
  | { readonly name: 'tenant'; readonly tenant: string; readonly tab: TenantTab }
  | { readonly name: 'unknown' };

export interface Route {
  readonly screen: Screen;
  readonly query: URLSearchParams;
}

const PLAIN = ['tenants', 'instances', 'events', 'host'] as const;

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { screen: screenOf(path.split('/').map(decoded)), query: new URLSearchParams(query) };
}

function screenOf([first = '', second, third, ...rest]: readonly string[]): Screen {
  if (first === '' && second === undefined) return { name: 'overview' };
  const plain = PLAIN.find((name) => name === first);
  if (plain !== undefined && second === undefined) return { name: plain };
  const tab = TENANT_TABS.find((name) => name === (third ?? 'summary'));
  if (first !== 'tenants' || second === undefined || tab === undefined || rest.length > 0) return { name: 'unknown' };
  return { name: 'tenant', tenant: second, tab };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function tenantPath(tenant: string, tab: TenantTab = 'summary', query: Record<string, string> = {}): string {
  const end = tab === 'summary' ? '' : `/${tab}`;
  return withQuery(`#/tenants/${encodeURIComponent(tenant)}${end}`, query);
}

/** Adds what is not empty. */
export function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const text = new URLSearchParams(given).toString();
  return text === '' ? path : `${path}?${text}`;
}
