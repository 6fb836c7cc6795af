import { expect, it } from 'vitest';
import { WebAddresses } from '../../../src/core/routing/web-addresses.ts';
import { ServedConfig } from '../../../src/core/service/served-config.ts';
import type { AcmeConfig } from '../../../src/core/tls/tls-config.ts';
import { TlsTable } from '../../../src/core/tls/tls-table.ts';
import { configOf, SERVICE } from '../../supervisor/fakes.ts';

async function addresses(
  tlsPort: number,
  acme: AcmeConfig | null,
  names: readonly string[] = [],
  publicPort: number | null = null,
) {
  const config = configOf(SERVICE, {});
  const listen = { host: '127.0.0.1', port: tlsPort };
  const served = new ServedConfig({ ...config, tls: { listen, publicPort, redirect: true, certificates: [], acme } });
  const table = new TlsTable();
  const certificate = { id: 'a', names, rank: 0, notAfterMs: 1, chain: '', key: '' };
  if (names.length > 0) await table.change([{ kind: 'certificate', slot: 'a', certificate }]);
  return new WebAddresses(served, 8080, table);
}

const ACME = {
  email: null,
  directory: 'https://ca.example/dir',
  onDemand: true,
  maxOrdersPerHour: 20,
  caFile: null,
  profile: null,
  externalAccount: null,
  dnsHook: null,
};

it('gives a host with a certificate a URL by https, and its port unless that is 443', async () => {
  expect((await addresses(443, null, ['*.example.com'])).urlOf('a.example.com')).toBe('https://a.example.com');
  expect((await addresses(8443, null, ['*.example.com'])).urlOf('a.example.com')).toBe('https://a.example.com:8443');
});

it('names the port that clients reach, where ports are mapped', async () => {
  const all = await addresses(8443, ACME, [], 443);
  expect(all.urlOf('a.example.com')).toBe('https://a.example.com');
  all.proxyListensAt(8080, 8443);
  expect(all.urlOf('a.example.com')).toBe('https://a.example.com');
});

it('gives a host without a certificate a URL by http', async () => {
  expect((await addresses(443, null, ['*.example.com'])).urlOf('a.example.org')).toBe('http://a.example.org:8080');
});

it('gives every host a URL by https when certificates are issued', async () => {
  expect((await addresses(443, ACME)).urlOf('a.example.org')).toBe('https://a.example.org');
});

it('has no URL while the port is not known', async () => {
  const all = await addresses(0, ACME);
  expect(all.urlOf('a.example.org')).toBeNull();
  all.proxyListensAt(80, 8443);
  expect(all.urlOf('a.example.org')).toBe('https://a.example.org:8443');
});
