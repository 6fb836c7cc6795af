/** Decides which Host headers name this API, which DNS rebinding cannot forge. */
import { isIP } from 'node:net';
import { isLoopback } from '../../core/routing/address.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** RFC 9112 §3.2 without userinfo: a name, an IPv4 address or a bracketed IPv6 address, and a port. */
const HOST = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?<port>\d{1,5}))?$/i;

const HTTP_PORT = 80;

/**
 * Whether the API may be called under a Host header, given where it listens. Accepted are that address, any loopback
 * name if it listens on loopback, and any IP literal or localhost if it listens on every interface. A page can point
 * its own name at this API, but never an IP literal.
 */
export function isOwnHost(header: string | undefined, own: HostPort): boolean {
  const match = HOST.exec(header ?? '')?.groups;
  if (match?.['name'] === undefined) return false;
  if (Number(match['port'] ?? HTTP_PORT) !== own.port) return false;
  const name = unbracket(match['name'].toLowerCase().replace(/\.$/, ''));
  const host = unbracket(own.host.toLowerCase());
  if (name === host) return true;
  if (isWildcard(host)) return name === 'localhost' || isIP(name) !== 0;
  return isLoopback(host) && isLoopback(name);
}

/** Whether an Origin header is the API itself, as the client has reached it. */
export function isOwnOrigin(origin: string, host: string | undefined, isSecure: boolean): boolean {
  return host !== undefined && origin.toLowerCase() === `${isSecure ? 'https' : 'http'}://${host.toLowerCase()}`;
}

function unbracket(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
