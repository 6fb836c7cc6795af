import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { callerOf, type Gateway } from '../../src/proxy/gateway.ts';
import { trustedPeers } from '../../src/proxy/routing/trusted.ts';

const FRONTS = ['10.0.0.0/8'];

function clientOf(peer: string, ...forwardedFor: string[]): string | null {
  const rawHeaders = forwardedFor.flatMap((value) => ['X-Forwarded-For', value]);
  const gateway: Partial<Gateway> = { isTrusted: trustedPeers(FRONTS) };
  const socket: Partial<Socket> = { remoteAddress: peer };
  return callerOf({ socket: socket as Socket, rawHeaders }, gateway as Gateway).client;
}

test('a client is identified by its address, for IPv6 by the /64, whatever its headers say', () => {
  expect(clientOf('192.0.2.1', '192.0.2.9')).toBe('192.0.2.1');
  expect(clientOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(clientOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
});

test('a client behind front servers is the last address that is none of theirs', () => {
  expect(clientOf('10.0.0.1', '192.0.2.9, 192.0.2.1')).toBe('192.0.2.1');
  expect(clientOf('10.0.0.1', '192.0.2.9', ' 192.0.2.1 , 10.0.0.2')).toBe('192.0.2.1');
  expect(clientOf('10.0.0.1', 'unknown, _hidden')).toBe('10.0.0.1');
  expect(clientOf('10.0.0.1')).toBe('10.0.0.1');
});
