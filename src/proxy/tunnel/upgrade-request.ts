/** Which requests may switch protocols, and which responses do (RFC 9110 §7.8). */
import type { IncomingMessage } from 'node:http';

/** A name, with or without a version. For a list it would be unclear what the tenant switches to. */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
/**
 * Protocols that carry further requests, which would reach the tenant past the proxy and its rules. nginx ignores them,
 * too; HTTP/2 by Upgrade is obsolete (RFC 9113 §3.1).
 */
const CARRIES_HTTP = /^(?:h2c?|http|https|tls)(?:\/|$)/i;

/**
 * Returns the protocol that a request asks for; null for an ordinary request, which need not switch. HTTP/1.0 has no
 * Upgrade.
 */
export function askedProtocol({ method, httpVersionMinor, headers }: IncomingMessage): string | null {
  const { upgrade } = headers;
  if (method !== 'GET' || httpVersionMinor === 0 || upgrade === undefined) return null;
  return PROTOCOL.test(upgrade) && !CARRIES_HTTP.test(upgrade) ? upgrade : null;
}

/** Whether a response switches to `asked`. node:http treats only responses with `Connection: upgrade` as a switch. */
export function switchesTo(asked: string, { statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 101 && headers.upgrade?.toLowerCase() === asked.toLowerCase();
}
