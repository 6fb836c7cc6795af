import { expect, test } from 'vitest';
import { servesAddress, socketWarnings } from '../../../src/core/service/unit-sockets.ts';

const at = (host: string, port: number) => ({ host, port });

test.each([
  ['the same address', at('127.0.0.1', 80), at('127.0.0.1', 80), true],
  ['another port', at('127.0.0.1', 80), at('127.0.0.1', 81), false],
  ['another address', at('0.0.0.0', 80), at('127.0.0.1', 80), false],
  ['a name', at('127.0.0.1', 80), at('localhost', 80), true],
  ['any port', at('127.0.0.1', 80), at('127.0.0.1', 0), true],
  ['IPv6', at('::', 80), at('::', 80), true],
])('a socket serves %s', (_case, bound, wanted, expected) => {
  expect(servesAddress(bound, wanted)).toBe(expected);
});

test('sockets that the config does not name are told, and so is a part that the config lacks', () => {
  const sockets = [
    { name: 'proxy', listens: [at('0.0.0.0', 80), at('::', 80)] },
    { name: 'tls', listens: [at('0.0.0.0', 443)] },
    { name: 'api', listens: [at('127.0.0.1', 8000)] },
    { name: 'other', listens: [] },
  ];
  const configured = { proxy: at('127.0.0.1', 8080), tls: null, api: at('127.0.0.1', 8000) };
  expect(socketWarnings(sockets, configured)).toEqual([
    "systemd's socket 'proxy' listens on 0.0.0.0:80 and [::]:80, but [proxy] listen is 127.0.0.1:8080: nobody accepts " +
      'at the socket, and a restart refuses connections; `tenement install --now` changes the socket',
    "systemd's socket 'tls' listens on 0.0.0.0:443, but [tls] listen is not set: nobody accepts there; `tenement " +
      'install --now` changes the socket',
  ]);
});

test('a part without a socket is told where others have one', () => {
  const configured = { proxy: at('0.0.0.0', 80), tls: at('0.0.0.0', 443), api: at('127.0.0.1', 0) };
  expect(socketWarnings([{ name: 'proxy', listens: [at('0.0.0.0', 80)] }], configured)).toEqual([
    'systemd has no socket for [tls] listen, 0.0.0.0:443: a restart refuses connections; `tenement install --now` adds one',
  ]);
  expect(socketWarnings([], configured)).toEqual([]);
});
