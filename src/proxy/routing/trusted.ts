/** Decides which peers are trusted proxies, whose `X-Forwarded-*` are believed. */
import { BlockList, isIPv6 } from 'node:net';
import type { ProxySettingsFeed } from '../../core/routing/proxy-settings.ts';

export type IsTrusted = (address: string) => boolean;

/** Follows the published settings. */
export function followTrusted(settings: ProxySettingsFeed): IsTrusted {
  let isTrusted: IsTrusted = () => false;
  settings.follow(({ trustedProxies }) => {
    isTrusted = trustedPeers(trustedProxies);
  });
  return (address) => isTrusted(address);
}

/** Matches addresses against entries. @param entries addresses or CIDR ranges @throws {TypeError} for anything else */
export function trustedPeers(entries: readonly string[]): IsTrusted {
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

/** Returns an IPv4 address in its own form, also when a dual-stack socket shows it as `::ffff:127.0.0.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
