/** The rules for header fields as nginx directives. Pure. */
import { CLAIMS, HOP_BY_HOP, NEVER_FORWARDED, ORDERS_TO_SERVERS } from '../core/routing/header-rules.ts';

/** Fields that nginx, or the rest of the configuration, sets. */
const WRITTEN = new Set([
  ...['connection', 'upgrade', 'transfer-encoding'],
  ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id', 'x-tenant-id'],
]);

/** Response fields that nginx obeys, by the names that `proxy_ignore_headers` knows. */
const OBEYED = ['X-Accel-Redirect', 'X-Accel-Expires', 'X-Accel-Limit-Rate', 'X-Accel-Buffering', 'X-Accel-Charset'];

/** Hop-by-hop fields of a response, which concern the connection to the tenant; nginx writes the others itself. */
const HIDDEN_HOPS = HOP_BY_HOP.filter((name) => !WRITTEN.has(name));

/** Clears request fields: nginx does not send a field with an empty value. @param more names, in lower case */
export function withoutClaims(more: readonly string[]): string {
  const names = [...new Set([...CLAIMS, ...HOP_BY_HOP, ...NEVER_FORWARDED, ...more])].filter(
    (name) => !WRITTEN.has(name),
  );
  const lines = names.map((name) => `proxy_set_header ${titled(name)} "";\n`);
  return `proxy_headers_hash_max_size 2048;\nproxy_headers_hash_bucket_size 128;\n${lines.join('')}`;
}

export function ignoredFields(): string {
  return `proxy_ignore_headers ${OBEYED.join(' ')};\n`;
}

/** Hides response fields. A location with such a line inherits none, so all of them are repeated there. */
export function hiddenFields(...more: readonly string[]): string {
  const names = [...HIDDEN_HOPS, ...ORDERS_TO_SERVERS, ...more];
  return names.map((name) => `proxy_hide_header ${titled(name)};\n`).join('');
}

function titled(name: string): string {
  return name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
