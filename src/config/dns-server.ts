/** Addresses of DNS servers, as Node's resolver takes them. */
import { isIP, isIPv6 } from 'node:net';

const WITH_PORT = /^(?:\[(?<six>[^\]]+)\]|(?<four>[\d.]+)):(?<port>\d{1,5})$/;
const EXPECTED = 'expected the address of a DNS server, such as "9.9.9.9", "127.0.0.1:5353" or "[::1]:53"';

/** Returns what is wrong with it as a string. */
export function dnsServer(text: string): object | string {
  if (isIP(text) !== 0) return { address: text };
  const { six, four, port } = WITH_PORT.exec(text)?.groups ?? {};
  const isAddress = six === undefined ? isIP(four ?? '') !== 0 : isIPv6(six);
  return isAddress && Number(port) > 0 && Number(port) <= 65_535 ? { address: six ?? four } : EXPECTED;
}
