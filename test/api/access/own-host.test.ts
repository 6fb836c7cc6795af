import { expect, test } from 'vitest';
import { isOwnHost, isOwnOrigin } from '../../../src/api/access/own-host.ts';

test.each([
  ['127.0.0.1:8000', '127.0.0.1', true],
  ['LOCALHOST.:8000', '127.0.0.1', true],
  ['[::1]:8000', '::1', true],
  ['api.example:8000', 'api.example', true],
  ['127.0.0.1:8001', '127.0.0.1', false],
  ['127.0.0.1', '127.0.0.1', false],
  ['127.evil.example:8000', '127.0.0.1', false],
  ['evil.example@127.0.0.1:8000', '127.0.0.1', false],
  ['localhost:8000', '192.0.2.1', false],
  ['[2001:db8::1]:8000', '::', true],
  ['evil.example:8000', '::', false],
  ['', '127.0.0.1', false],
])('Host %j of an API on %s: %s', (header, host, expected) => {
  expect(isOwnHost(header, { host, port: 8000 })).toBe(expected);
});

test('a request without Host is not for this API', () => {
  expect(isOwnHost(undefined, { host: '127.0.0.1', port: 8000 })).toBe(false);
  expect(isOwnOrigin('http://localhost', undefined, false)).toBe(false);
});

test('a Host may leave out port 80', () => {
  expect(isOwnHost('127.0.0.1', { host: '127.0.0.1', port: 80 })).toBe(true);
});
