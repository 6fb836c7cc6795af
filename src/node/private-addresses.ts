/** Addresses that a request to a stranger's URL must not reach: inside this machine, or in a private network. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Ranges of IANA's special-purpose registry that are not globally reachable, and what each is. */
const IPV4: readonly (readonly [address: string, prefix: number, what: string])[] = [
  ['127.0.0.0', 8, 'a loopback address'],
  ['0.0.0.0', 8, 'an address of this machine'],
  ['169.254.0.0', 16, 'a link-local address'], // 169.254.169.254 has the metadata of cloud machines.
  ['10.0.0.0', 8, 'a private address'],
  ['172.16.0.0', 12, 'a private address'],
  ['192.168.0.0', 16, 'a private address'],
  ['100.64.0.0', 10, 'a shared address of a provider'],
  ['192.0.0.0', 24, 'a reserved address'],
  ['192.0.2.0', 24, 'a reserved address'],
  ['198.18.0.0', 15, 'a reserved address'],
  ['198.51.100.0', 24, 'a reserved address'],
  ['203.0.113.0', 24, 'a reserved address'],
  ['224.0.0.0', 4, 'a multicast address'],
  ['240.0.0.0', 4, 'a reserved address'],
];

const IPV6: typeof IPV4 = [
  ['::1', 128, 'a loopback address'],
  ['::', 96, 'a reserved address'],
  ['fe80::', 10, 'a link-local address'],
  ['fec0::', 10, 'a private address'],
  ['fc00::', 7, 'a private address'],
  ['ff00::', 8, 'a multicast address'],
  ['100::', 64, 'a reserved address'],
  ['64:ff9b:1::', 48, 'a private address'],
  ['2001:db8::', 32, 'a reserved address'],
  // Tunnels, whose addresses contain an IPv4 address: Teredo and 6to4.
  ['2001::', 32, 'an address of a tunnel'],
  ['2002::', 16, 'an address of a tunnel'],
];

/** Forms of an IPv6 address that ends in an IPv4 address: mapped (RFC 4291) and NAT64 (RFC 6052). */
const CARRIERS = ['::ffff:', '64:ff9b::'];
const CARRIER_BITS = 96;

interface AddressRange {
  readonly list: BlockList;
  readonly what: string;
}

const RANGES: readonly AddressRange[] = [
  ...IPV4.map(([address, prefix, what]) => rangeOf(what, (list) => addIpv4(list, address, prefix))),
  ...IPV6.map(([address, prefix, what]) => rangeOf(what, (list) => list.addSubnet(address, prefix, 'ipv6'))),
];

/** Says what makes an IP address private ("a loopback address"); null: it is a public address, or no IP address. */
export function privateKind(address: string): string | null {
  const family = familyOf(address);
  if (family === null) return null;
  // A zone makes sense for link-local addresses only.
  if (address.includes('%')) return 'a link-local address';
  return RANGES.find(({ list }) => list.check(address, family))?.what ?? null;
}

/** Whether an address belongs to a network interface of this machine. */
export function isOwnAddress(address: string): boolean {
  const family = familyOf(address);
  if (family === null) return false;
  const own = new BlockList();
  for (const one of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    if (isIPv4(one.address)) addIpv4(own, one.address, 32);
    else own.addAddress(one.address.split('%')[0] ?? '', 'ipv6');
  }
  return own.check(address, family);
}

function rangeOf(what: string, add: (list: BlockList) => void): AddressRange {
  const list = new BlockList();
  add(list);
  return { list, what };
}

function addIpv4(list: BlockList, address: string, prefix: number): void {
  list.addSubnet(address, prefix, 'ipv4');
  for (const carrier of CARRIERS) list.addSubnet(`${carrier}${address}`, CARRIER_BITS + prefix, 'ipv6');
}

function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  if (isIPv4(address)) return 'ipv4';
  return isIPv6(address) ? 'ipv6' : null;
}
