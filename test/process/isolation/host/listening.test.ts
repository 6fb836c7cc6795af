import { expect, test } from 'vitest';
import { assertMayListen } from '../../../../src/process/isolation/host/listening.ts';

const listen = (port: number) => ({ listen: { host: '::', port } });
const on = (proxy: number, api: number, tls: number | null = null) =>
  ({ proxy: listen(proxy), tls: tls === null ? null : listen(tls), api: listen(api) }) as const;

const EVERYBODY = { firstFreePort: 1024, maySetLower: false };

test('a low port needs a capability', () => {
  expect(() => assertMayListen(on(80, 8000), EVERYBODY)).toThrow('[proxy] listen: port 80 needs root');
  expect(() => assertMayListen(on(8080, 443), EVERYBODY)).toThrow('[api] listen: port 443 needs root');
  expect(() => assertMayListen(on(8080, 8000, 443), EVERYBODY)).toThrow('[tls] listen: port 443 needs root');
});

test('any port is allowed with that capability, where the system requires none, and where the system chooses it', () => {
  assertMayListen(on(80, 443), { ...EVERYBODY, maySetLower: true });
  assertMayListen(on(80, 443), { ...EVERYBODY, firstFreePort: 80 });
  assertMayListen(on(0, 8000), EVERYBODY);
});
