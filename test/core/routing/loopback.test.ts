import { expect, test } from 'vitest';
import { isLoopback } from '../../../src/core/routing/address.ts';

test.each(['localhost', '::1', '127.0.0.1', '127.255.0.9'])('%s is loopback', (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each(['0.0.0.0', '::', '128.0.0.1', '127.0.0.256', '127.0.0', '127.0.0.1.example.com', '127.00.0.1', ''])(
  '%s is not, or not only, loopback',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);
