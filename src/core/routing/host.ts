/** Host headers. Pure. */

/** RFC 9112 §3.2: uri-host [":" port]. Names consist of letters, digits, - _ and dots; or it is an IP literal. */
const HOST = /^(?<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;

/**
 * Returns the host in lower case, without port and trailing dot; null when it is invalid, which gets 400. The routing
 * index decides whether a valid host names an instance.
 */
export function normalizeHost(header: string): string | null {
  const name = HOST.exec(header)?.groups?.['name'];
  if (name === undefined) return null;
  return name.toLowerCase().replace(/\.$/, '');
}
