/** What in a request may name its tenant: the entries of `[routing] tenant_from`. Pure. */

export type TenantSource =
  | { readonly kind: 'host' }
  /** `prefix`: what stands before the tenant's id, from `/` to `/`. */
  | { readonly kind: 'path'; readonly prefix: string }
  /** `name`: in lower case. */
  | { readonly kind: 'header'; readonly name: string }
  /** `claims`: names in the order in which they are looked for. */
  | { readonly kind: 'jwt'; readonly claims: readonly string[] };

export type TokenSource = Extract<TenantSource, { readonly kind: 'jwt' }>;

/**
 * What happens to a request whose sources name different tenants. `refuse`: 403. `warn`: the first source decides, and the
 * log says what would have been refused. `first`: the first source decides, and no later one is looked at.
 */
export type OnMismatch = 'refuse' | 'warn' | 'first';

export interface TenantFrom {
  /** Never empty; the first match decides. */
  readonly sources: readonly TenantSource[];
  readonly onMismatch: OnMismatch;
}

/** Kinds with an example, for messages. */
const FORMS = '"host", "path:/t/{tenant}", "header:X-Tenant-Id" or "jwt:tenant_id"';
const TENANT = '{tenant}';
/** Segments that no program reads as anything else (RFC 3986 §3.3, unreserved characters). */
const PREFIX = /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)*$/;
/** RFC 9110 §5.1; a name with `_` or `.` may reach an application as another field (header-rules.ts). */
const HEADER_NAME = /^[!#$%&'*+\-^`|~0-9A-Za-z]+$/;
/** Fields that concern the message or the connection, or that another source reads. */
const NOT_NAMES = new Set([
  ...['host', 'cookie', 'authorization', 'connection', 'content-length', 'content-type', 'transfer-encoding', 'te'],
  ...['trailer', 'upgrade', 'expect', 'keep-alive', 'proxy', 'x-request-id', 'x-forwarded-for', 'x-forwarded-proto'],
  ...['x-forwarded-host', 'x-forwarded-prefix'],
]);

/** Parses an entry of `tenant_from`; a string says what is wrong with it, and what to write instead. */
export function parseTenantSource(text: string): TenantSource | string {
  const colon = text.indexOf(':');
  const kind = colon === -1 ? text : text.slice(0, colon);
  const rest = colon === -1 ? null : text.slice(colon + 1).trim();
  if (kind === 'host') return rest === null ? { kind: 'host' } : 'expected "host" alone';
  if (kind === 'path') return pathSource(rest ?? '');
  if (kind === 'header') return headerSource(rest ?? '');
  if (kind === 'jwt') return tokenSource(rest ?? '');
  return `expected ${FORMS}, but this is ${JSON.stringify(text)}`;
}

function pathSource(pattern: string): TenantSource | string {
  const prefix = pattern.endsWith(TENANT) ? pattern.slice(0, -TENANT.length) : null;
  if (prefix === null && pattern.includes(TENANT))
    return `expected a path that ends with ${TENANT}, like "path:/t/{tenant}": what follows it is the application's`;
  if (prefix === null) return `expected a path with ${TENANT} at its end, like "path:/t/{tenant}"`;
  if (PREFIX.test(prefix)) return { kind: 'path', prefix };
  return 'expected a path like "path:/t/{tenant}": from /, with letters, digits, - and _ between slashes';
}

function headerSource(name: string): TenantSource | string {
  const lower = name.toLowerCase();
  if (!HEADER_NAME.test(name))
    return 'expected the name of a header field, like "header:X-Tenant-Id": letters, digits and -';
  if (NOT_NAMES.has(lower)) return `${name} has another meaning; use a field of its own, like "header:X-Tenant-Id"`;
  return { kind: 'header', name: lower };
}

function tokenSource(list: string): TenantSource | string {
  const claims = list.split(',').map((claim) => claim.trim());
  if (claims.some((claim) => claim === ''))
    return 'expected the claim that holds the tenant\'s id, like "jwt:tenant_id", or several: "jwt:tenant_id,tenantId"';
  return { kind: 'jwt', claims: [...new Set(claims)] };
}

/** Writes a source as in the config. */
export function sourceText(source: TenantSource): string {
  switch (source.kind) {
    case 'host':
      return 'host';
    case 'path':
      return `path:${source.prefix}${TENANT}`;
    case 'header':
      return `header:${source.name}`;
    case 'jwt':
      return `jwt:${source.claims.join(',')}`;
  }
}

/** Whether the host alone names the tenant, which is the default. */
export function isHostOnly({ sources }: TenantFrom): boolean {
  return sources.every(({ kind }) => kind === 'host');
}
