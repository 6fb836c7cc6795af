import { expect, test } from 'vitest';
import { newTenant } from '../../../src/core/tenants/tenant.ts';
import { TenementError } from '../../../src/errors.ts';
import { TenantTable } from '../../../src/supervisor/tenants/tenant-table.ts';
import { planNamed } from '../../plans.ts';
import { FakeTenants } from '../fake-tenants.ts';

function makeTable(plans: readonly string[], defaultPlan: string | null = null) {
  const made = { full: false, plans: new Map(plans.map((name) => [name, planNamed(name)])) };
  const store = new FakeTenants(new Map(), () => {
    if (made.full) throw new TenementError('state_failed', 'no room');
  });
  const table = new TenantTable(store, () => ({
    plans: made.plans,
    tenants: { defaultPlan, skeleton: null, holdTimeoutMs: 60_000, verifyDomains: false, dnsServers: [] },
  }));
  return { made, store, table };
}

test('a tenant has its own plan, or the default plan if it was given none', () => {
  const { table } = makeTable(['free', 'pro'], 'free');
  table.commit({ tenantId: 'acme', record: { ...newTenant('acme', 1), plan: 'pro' } });
  table.commit({ tenantId: 'globex', record: newTenant('globex', 1) });
  expect(['acme', 'globex', 'unregistered'].map((id) => table.termsOf(id).plan?.name)).toEqual(['pro', 'free', 'free']);
  expect([table.countOn('pro'), table.countOn('free')]).toEqual([1, 1]);
});

test('a tenant whose plan has left the config has the default plan', () => {
  const { table, made } = makeTable(['free', 'pro'], 'free');
  table.commit({ tenantId: 'acme', record: { ...newTenant('acme', 1), plan: 'pro' } });
  made.plans.delete('pro');
  expect(table.termsOf('acme').plan?.name).toBe('free');
  made.plans.clear();
  expect(table.termsOf('acme').plan).toBeNull();
});

test('without a default plan a tenant that was given none has none', () => {
  const { table } = makeTable(['pro']);
  table.commit({ tenantId: 'acme', record: { ...newTenant('acme', 1), env: { A: '1' } } });
  expect(table.termsOf('acme')).toEqual({ plan: null, env: { A: '1' } });
});

test('a change that cannot be written changes nothing', () => {
  const { table, made } = makeTable([]);
  const record = newTenant('acme', 1);
  table.commit({ tenantId: 'acme', record });
  made.full = true;
  expect(() => table.commit({ tenantId: 'acme', record: null })).toThrow('no room');
  expect(table.get('acme')).toEqual(record);
});

test('tenants are listed by id, and forgotten ones not', () => {
  const { table } = makeTable([]);
  for (const id of ['b', 'a', 'c']) table.commit({ tenantId: id, record: newTenant(id, 1) });
  table.commit({ tenantId: 'c', record: null });
  expect(table.list().map(({ id }) => id)).toEqual(['a', 'b']);
  expect(table.get('c')).toBeNull();
});
