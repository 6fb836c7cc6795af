/** Addresses as others write them. Pure. */
import type { ListenAddress } from './service.ts';

/** `host:port` to connect to from this machine: what listens everywhere is reached on loopback. */
export function formatAddress({ host, port }: ListenAddress): string {
  if (host === '::' || host === '0.0.0.0') return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
