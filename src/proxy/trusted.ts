/** Which peers are proxies of ours, whose X-Forwarded-* are believed. */
import { BlockList, isIPv6 } from 'node:net';

export type IsTrusted = (address: string) => boolean;

/** `entries`: addresses or CIDR ranges. @throws {TypeError} for anything else */
export function trustedPeers(entries: readonly string[]): IsTrusted {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => list.check(plainAddress(address), isIPv6(plainAddress(address)) ? 'ipv6' : 'ipv4');
}

/** An IPv4 address as itself, also where a dual-stack socket shows it as `::ffff:127.0.0.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
