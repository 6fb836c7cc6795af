/** Header rules, on raw header arrays [name, value, name, value, …] as Node has them. Pure. */

/** RFC 9110 §7.6.1, and Expect, which is answered here. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What tells of the client and of the request: dropped unless a trusted proxy sent it. */
const FORWARDED = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id']);

export interface ForwardedBy {
  /** Address of whoever connected. */
  readonly peer: string;
  /** Whether what the peer says of its client is believed. */
  readonly trusted: boolean;
  /** Host as received. */
  readonly host: string;
  readonly requestId: string;
  readonly tenantId: string;
}

/** Values of one header, in order. `name` in lower case. */
export function valuesOf(raw: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() === name) values.push(raw[index + 1] ?? '');
  }
  return values;
}

/** What goes to the tenant. */
export function requestHeaders(raw: readonly string[], by: ForwardedBy): string[] {
  const dropped = connectionTokens(raw);
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || lower === 'expect' || lower === 'x-tenant-id' || dropped?.has(lower)) continue;
    if (FORWARDED.has(lower) && (!by.trusted || lower === 'x-forwarded-for' || lower === 'x-request-id')) continue;
    kept.push(name, raw[index + 1] ?? '');
  }
  return addForwarded(kept, raw, by);
}

function addForwarded(kept: string[], raw: readonly string[], by: ForwardedBy): string[] {
  const before = by.trusted ? valuesOf(raw, 'x-forwarded-for') : [];
  kept.push('X-Forwarded-For', [...before, by.peer].join(', '));
  if (!by.trusted || valuesOf(raw, 'x-forwarded-proto').length === 0) kept.push('X-Forwarded-Proto', 'http');
  if (!by.trusted || valuesOf(raw, 'x-forwarded-host').length === 0) kept.push('X-Forwarded-Host', by.host);
  kept.push('X-Request-Id', by.requestId, 'X-Tenant-Id', by.tenantId);
  return kept;
}

/** What goes back to the client. `heldMs`: the request was held for a wake. */
export function responseHeaders(raw: readonly string[], heldMs: number | null): string[] {
  const dropped = connectionTokens(raw);
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || dropped?.has(lower)) continue;
    kept.push(name, raw[index + 1] ?? '');
  }
  if (heldMs !== null) kept.push('Server-Timing', `wake;dur=${heldMs.toFixed(1)}`);
  return kept;
}

/** Names that Connection says are for this hop alone. */
function connectionTokens(raw: readonly string[]): Set<string> | null {
  const values = valuesOf(raw, 'connection');
  if (values.length === 0) return null;
  return new Set(
    values
      .join(',')
      .split(',')
      .map((token) => token.trim().toLowerCase()),
  );
}

/** A request with both has two readings of where it ends (RFC 9112 §6.1): refused. */
export function hasAmbiguousLength(raw: readonly string[]): boolean {
  const lengths = valuesOf(raw, 'content-length');
  return lengths.length > 1 || (lengths.length === 1 && valuesOf(raw, 'transfer-encoding').length > 0);
}

export function hasBody(raw: readonly string[]): boolean {
  const [length] = valuesOf(raw, 'content-length');
  return (length !== undefined && length !== '0') || valuesOf(raw, 'transfer-encoding').length > 0;
}
