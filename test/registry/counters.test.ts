import { expect, test } from 'vitest';
import { newTenant } from '../../src/core/tenants/tenant.ts';
import { createCounterStore } from '../../src/registry/counters.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

test('a counter is kept for its tenant alone, and goes with it', () => {
  const database = openDatabase(':memory:');
  const counters = createCounterStore(database);
  counters.update('acme', 'users', (value) => value + 2);
  counters.update('acme', 'users', (value) => value + 1);
  counters.update('globex', 'users', (value) => value + 7);
  expect([counters.list('acme'), counters.list('globex')]).toEqual([new Map([['users', 3]]), new Map([['users', 7]])]);
  const tenants = createTenantStore(database);
  tenants.commit({ tenantId: 'acme', record: newTenant('acme', 1) });
  tenants.commit({ tenantId: 'acme', record: null });
  expect([counters.list('acme').size, counters.list('globex').size]).toEqual([0, 1]);
  database.close();
});

test('a change that is refused changes nothing', () => {
  const database = openDatabase(':memory:');
  const counters = createCounterStore(database);
  const refuse = () => {
    throw new Error('refused');
  };
  expect(() => counters.update('acme', 'users', refuse)).toThrow('refused');
  expect(counters.list('acme').size).toBe(0);
  database.close();
});
