/** Host headers. Pure. */

/** RFC 9112 §3.2: uri-host [":" port]. Names are letters, digits, - _ and dots; or an IP literal. */
const HOST = /^(?<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;

/**
 * The host without port, case and trailing dot, or null when it is not a valid host at all (to be answered with 400).
 * Whether a valid host names anybody is the routing index's business.
 */
export function normalizeHost(header: string): string | null {
  const name = HOST.exec(header)?.groups?.['name'];
  if (name === undefined) return null;
  return name.toLowerCase().replace(/\.$/, '');
}
