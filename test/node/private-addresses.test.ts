import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { isOwnAddress, privateKind } from '../../src/node/private-addresses.ts';

const PRIVATE = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'this machine': ['0.0.0.0', '0.1.2.3'],
  'cloud metadata and link-local': ['169.254.169.254', 'fe80::1', 'fe80::1%eth0'],
  'RFC 1918': ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  'unique local, with the metadata of AWS': ['fc00::1', 'fd00:ec2::254'],
  'shared and reserved': ['100.64.0.1', '192.0.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', 'ff02::1', '::'],
  'IPv4-mapped, in both forms': ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '::FFFF:10.0.0.1'],
  'NAT64, 6to4, Teredo, IPv4-compatible': [
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    '::127.0.0.1',
  ],
};

for (const [what, addresses] of Object.entries(PRIVATE))
  test(`${what} is private`, () => {
    expect(addresses.filter((address) => privateKind(address) === null)).toEqual([]);
  });

test('public addresses are not, nor are names', () => {
  const others = ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'];
  expect([...others, 'example.com', 'localhost', ''].map(privateKind)).toEqual(Array(9).fill(null));
});

test("every address of this machine's interfaces is its own", () => {
  const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((address) => !isOwnAddress(address))).toEqual([]);
  expect(isOwnAddress('::ffff:127.0.0.1')).toBe(true);
  expect(isOwnAddress('8.8.8.8')).toBe(false);
});
