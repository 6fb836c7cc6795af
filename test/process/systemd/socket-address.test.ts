import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, BoundSocket, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listenAddressOf, parseListener } from '../../../src/process/systemd/socket-address.ts';

const row = (address: string, state = '0A') =>
  `   3: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0`;

test.each([
  ['IPv4', '0100007F:1F90', { host: '127.0.0.1', port: 8080 }],
  ['any address', '00000000:0050', { host: '0.0.0.0', port: 80 }],
  ['IPv6', 'B80D0120000000000000000001000000:01BB', { host: '2001:db8::1', port: 443 }],
  ['any address of IPv6', '00000000000000000000000000000000:01BB', { host: '::', port: 443 }],
])('the listening socket is found by its inode: %s', (_case, address, expected) => {
  expect(parseListener(row(address), '4711', true)).toEqual(expected);
});

test('on a machine with the other byte order the words are read as they stand', () => {
  expect(parseListener(row('7F000001:1F90'), '4711', false)).toEqual({ host: '127.0.0.1', port: 8080 });
});

test('other sockets, and a connection, are none', () => {
  expect(parseListener(row('0100007F:1F90'), '471', true)).toBeNull();
  expect(parseListener(row('0100007F:1F90', '01'), '4711', true)).toBeNull();
});

test('the address of a descriptor is what its socket listens on', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  expect(listenAddressOf(fd)).toEqual({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});

test('a file, a socket that does not listen and a closed descriptor have none', () => {
  const file = openSync('/dev/null', 'r');
  const bound = new BoundSocket({ host: '127.0.0.1' });
  onTestFinished(() => bound.close());
  expect([file, bound.fd()].map(listenAddressOf)).toEqual([null, null]);
  closeSync(file);
  expect(listenAddressOf(file)).toBeNull();
});
