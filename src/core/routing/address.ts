/** Formats and classifies addresses. Pure. */
import type { ListenAddress } from '../service/service.ts';

const LOOPBACK_IPV4 = /^127(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Returns `host:port` for connecting from this machine: a wildcard address is reached on loopback. */
export function formatAddress({ host, port }: ListenAddress): string {
  if (host === '::' || host === '0.0.0.0') return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether a host in lower case, not in brackets, is this machine alone: localhost, ::1 or 127.0.0.0/8. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || LOOPBACK_IPV4.test(host);
}

/**
 * Returns the client that a peer counts as: its IPv4 address, or the /64 of its IPv6 address, as one customer is
 * assigned.
 */
export function clientOf(peer: string): string {
  if (!peer.includes(':')) return peer;
  const mapped = peer.lastIndexOf('.') === -1 ? null : peer.slice(peer.lastIndexOf(':') + 1);
  if (mapped !== null) return mapped;
  const [head = '', tail] = (peer.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - behind.length;
  const all = [...groups, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...behind];
  return `${all.slice(0, 4).join(':')}::/64`;
}
