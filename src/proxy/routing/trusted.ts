/** Which peers are proxies of ours, whose X-Forwarded-* are believed. */
import { BlockList, isIPv6 } from 'node:net';

export type IsTrusted = (address: string) => boolean;

/** By the entries of now, which may be others later. */
export function trustedPeers(entries: () => readonly string[]): IsTrusted {
  let known = entries();
  let isTrusted = isOneOf(known);
  return (address) => {
    const now = entries();
    if (now !== known) isTrusted = isOneOf(now);
    known = now;
    return isTrusted(address);
  };
}

/** `entries`: addresses or CIDR ranges. @throws {TypeError} for anything else */
function isOneOf(entries: readonly string[]): IsTrusted {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) add(list, entry);
  return (address) => {
    const plain = plainAddress(address);
    return plain !== '' && list.check(plain, familyOf(plain));
  };
}

function add(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/');
  if (prefix !== undefined) return list.addSubnet(address, Number(prefix), familyOf(address));
  const plain = plainAddress(address);
  list.addAddress(plain, familyOf(plain));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

/** An IPv4 address as itself, also where a dual-stack socket shows it as `::ffff:127.0.0.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
