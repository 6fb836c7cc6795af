/**
 * Trailer fields of a chunked body, on raw arrays [name, value, …]. Pure. A receiver may merge trailers into the
 * header. So no field passes that would change framing, routing, access, content or caching (RFC 9110 §6.5.1), and none
 * that the proxy would drop from a header.
 */
import { headerKey, isDroppedOfResponses, requestRule } from '../../core/routing/header-rules.ts';

const FORBIDDEN = new Set([
  // Framing and routing.
  ...['content-length', 'host', 'max-forwards', 'via'],
  // Controls and conditions; `if-` follows below.
  ...['cache-control', 'pragma', 'range', 'accept-ranges'],
  // Access and state.
  ...['authorization', 'www-authenticate', 'authentication-info', 'proxy-authentication-info'],
  ...['cookie', 'cookie2', 'set-cookie', 'set-cookie2'],
  // The content.
  ...['content-encoding', 'content-type', 'content-range', 'content-disposition', 'content-language'],
  ...['content-location', 'content-security-policy', 'strict-transport-security'],
  // The response.
  ...['age', 'expires', 'date', 'location', 'refresh', 'retry-after', 'vary', 'warning', 'origin'],
]);

function mayPass(name: string): boolean {
  const key = headerKey(name);
  if (FORBIDDEN.has(key) || key.startsWith('if-') || key.startsWith('access-control-')) return false;
  return requestRule(name) === null && !isDroppedOfResponses(key);
}

/** Returns the trailers that are passed on. */
export function passableTrailers(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (mayPass(name)) kept.push(name, raw[index + 1] ?? '');
  }
  return kept;
}

/** Returns `Trailer` for the next hop; null when it would name nothing. @param values received values of that header */
export function announcedTrailers(values: readonly string[]): string | null {
  const names = values.join(',').split(',');
  const kept = names.map((name) => name.trim()).filter((name) => name !== '' && mayPass(name));
  return kept.length === 0 ? null : kept.join(', ');
}

/** Whether a client accepts trailers. @param values values of its TE header */
export function takesTrailers(values: readonly string[]): boolean {
  return values.some((value) => /(?:^|,)[\t ]*trailers[\t ]*(?:,|$)/i.test(value));
}
