/** Which requests may switch protocols, and which answers do (RFC 9110 §7.8). */
import type { IncomingMessage } from 'node:http';

/** A name, with or without a version. Of a list it is not clear what the tenant would switch to. */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
/**
 * They carry further requests, which would reach the tenant past the proxy and its rules. nginx ignores them; HTTP/2 by
 * Upgrade is obsolete (RFC 9113 §3.1).
 */
const CARRIES_HTTP = /^(?:h2c?|http|https|tls)(?:\/|$)/i;

/**
 * What a request asks to switch to, or null: then it is an ordinary request, which need not switch. Upgrade means nothing
 * in HTTP/1.0.
 */
export function askedProtocol({ method, httpVersionMinor, headers }: IncomingMessage): string | null {
  const { upgrade } = headers;
  if (method !== 'GET' || httpVersionMinor === 0 || upgrade === undefined) return null;
  return PROTOCOL.test(upgrade) && !CARRIES_HTTP.test(upgrade) ? upgrade : null;
}

/** Whether an answer switches to `asked`. node:http takes only those with `Connection: upgrade` for a switch. */
export function switchesTo(asked: string, { statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 101 && headers.upgrade?.toLowerCase() === asked.toLowerCase();
}
