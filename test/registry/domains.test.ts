import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { DomainRecord } from '../../src/core/domains/domain.ts';
import { verificationOf } from '../../src/core/domains/verification.ts';
import { newTenant } from '../../src/core/tenants/tenant.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createDomainStore } from '../../src/registry/domains.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

function opened() {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.db');
  const open = () => {
    const database = openDatabase(file);
    onTestFinished(() => void (database.isOpen && database.close()));
    return { database, tenants: createTenantStore(database), domains: createDomainStore(database) };
  };
  const registry = open();
  for (const id of ['acme', 'globex']) registry.tenants.commit({ tenantId: id, record: newTenant(id, 1) });
  return { ...registry, open };
}

const active = (host: string, tenantId = 'acme', service = 'api'): DomainRecord => ({
  host,
  tenantId,
  service,
  addedAtMs: 5,
  verification: null,
});
const pending = (host: string, tenantId = 'acme', nextCheckAtMs: number | null = 10): DomainRecord => ({
  ...active(host, tenantId),
  verification: { ...verificationOf('token', 5), nextCheckAtMs, checks: 3, checkedAtMs: 7, problem: 'none' },
});

it('domains are kept as they are, and are there for the next server', () => {
  const { tenants, database, open } = opened();
  const records = [active('a.example'), pending('b.example')];
  tenants.commit({ tenantId: 'acme', putDomains: records });
  database.close();
  const { domains } = open();
  expect(domains.page({ limit: 10 })).toEqual(records);
  expect([...domains.active()]).toEqual([{ host: 'a.example', tenantId: 'acme', service: 'api' }]);
  expect(domains.hostsOf('acme')).toEqual(['a.example', 'b.example']);
  expect(domains.countsOf('acme')).toEqual({ all: 2, pending: 1 });
  expect(domains.countsOf('globex')).toEqual({ all: 0, pending: 0 });
});

it('a host has one active domain; a second one is not written, and nothing with it', () => {
  const { tenants, domains } = opened();
  tenants.commit({ tenantId: 'acme', putDomains: [active('a.example')] });
  tenants.commit({ tenantId: 'globex', putDomains: [pending('a.example', 'globex')] });
  expect(domains.ofHost('a.example').map(({ tenantId }) => tenantId)).toEqual(['acme', 'globex']);
  const both = [active('z.example', 'globex'), active('a.example', 'globex')];
  expect(() => tenants.commit({ tenantId: 'globex', putDomains: both })).toThrow(/UNIQUE/);
  expect(domains.hostsOf('globex')).toEqual(['a.example']);
  tenants.commit({ tenantId: 'acme', removeDomains: ['a.example'] });
  tenants.commit({ tenantId: 'globex', putDomains: both });
  expect([...domains.active()].map(({ tenantId }) => tenantId)).toEqual(['globex', 'globex']);
});

it('all domains of a tenant go with it, also before its directory is deleted', () => {
  const { tenants, domains } = opened();
  tenants.commit({ tenantId: 'acme', putDomains: [active('a.example'), pending('b.example')] });
  tenants.commit({ tenantId: 'globex', putDomains: [active('c.example', 'globex')] });
  const deletion = { kind: 'delete', step: 'files', startedAtMs: 1, services: [], withDirectory: true } as const;
  tenants.commit({ tenantId: 'acme', operation: { ...deletion, withRecord: true } });
  expect(domains.hostsOf('acme')).toEqual([]);
  tenants.commit({ tenantId: 'globex', operation: { ...deletion, withRecord: false } });
  expect(domains.hostsOf('globex')).toEqual(['c.example']);
  tenants.commit({ tenantId: 'globex', record: null });
  expect(domains.page({ limit: 10 })).toEqual([]);
});

it('a page begins after the key of the one before, and holds one tenant or service if asked', () => {
  const { tenants, domains } = opened();
  tenants.commit({ tenantId: 'acme', putDomains: [active('a.example'), pending('b.example'), active('d.example')] });
  const others = [pending('b.example', 'globex'), active('c.example', 'globex', 'web')];
  tenants.commit({ tenantId: 'globex', putDomains: others });
  const keys = (query: Parameters<typeof domains.page>[0]) =>
    domains.page(query).map(({ host, tenantId }) => `${host}/${tenantId}`);
  expect(keys({ limit: 2 })).toEqual(['a.example/acme', 'b.example/acme']);
  const after = { host: 'b.example', tenantId: 'acme' };
  expect(keys({ limit: 2, after })).toEqual(['b.example/globex', 'c.example/globex']);
  expect(keys({ limit: Number.POSITIVE_INFINITY, tenantId: 'acme', after })).toEqual(['d.example/acme']);
  expect(keys({ limit: 9, service: 'web' })).toEqual(['c.example/globex']);
});

it('the checks that are due are found, the longest due first', () => {
  const { tenants, domains } = opened();
  expect(domains.nextCheckAtMs()).toBeNull();
  const records = [
    pending('a.example', 'acme', 30),
    pending('b.example', 'acme', 20),
    pending('c.example', 'acme', null),
  ];
  tenants.commit({ tenantId: 'acme', putDomains: [...records, active('d.example')] });
  expect(domains.nextCheckAtMs()).toBe(20);
  expect(domains.due(19, 9)).toEqual([]);
  expect(domains.due(30, 9).map(({ host }) => host)).toEqual(['b.example', 'a.example']);
  expect(domains.due(30, 1).map(({ host }) => host)).toEqual(['b.example']);
});

it('the domains under a name are found, and not those that only end alike', () => {
  const { tenants, domains } = opened();
  const hosts = ['example.com', 'a.example.com', 'b.a.example.com', 'myexample.com', 'example.com.org'];
  tenants.commit({ tenantId: 'acme', putDomains: [...hosts.map((host) => active(host)), pending('p.example.com')] });
  const found = domains.under('example.com', 2);
  expect([found.domains.map(({ host }) => host), found.count]).toEqual([['a.example.com', 'b.a.example.com'], 3]);
});
