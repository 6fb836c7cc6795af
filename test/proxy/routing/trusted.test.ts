import { expect, test } from 'vitest';
import { plainAddress, trustedPeers } from '../../../src/proxy/routing/trusted.ts';

test.each([
  ['10.0.0.1', ['10.0.0.1'], true],
  ['10.0.0.2', ['10.0.0.1'], false],
  ['10.1.2.3', ['10.0.0.0/8'], true],
  ['11.1.2.3', ['10.0.0.0/8'], false],
  ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
  ['10.1.2.3', ['::ffff:10.1.2.3'], true],
  ['::1', ['::1'], true],
  ['fd00::5', ['fd00::/8'], true],
  ['fe00::5', ['fd00::/8'], false],
  ['', ['10.0.0.0/8'], false],
  ['10.0.0.1', [], false],
])('%s among %j: %s', (address, entries, trusted) => {
  expect(trustedPeers(entries)(address)).toBe(trusted);
});

test('an IPv4-mapped address is shown as IPv4', () => {
  expect(plainAddress('::ffff:127.0.0.1')).toBe('127.0.0.1');
  expect(plainAddress('::1')).toBe('::1');
});
