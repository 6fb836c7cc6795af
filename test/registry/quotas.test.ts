import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { QuotaKey, QuotaState } from '../../src/core/stores/quota-store.ts';
import { newTenant } from '../../src/core/tenants/tenant.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createQuotaStore } from '../../src/registry/quotas.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

const KEY: QuotaKey = { tenantId: 'acme', meter: 'requests', period: 'hour', startMs: 0 };
const STATE: QuotaState = { limit: 100, reserved: 7, announced: 80, reachedAtMs: null };

function open(keep?: number) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const database = openDatabase(join(dir, 'tenement.db'));
  onTestFinished(() => database.close());
  return { quotas: createQuotaStore(database, keep), tenants: createTenantStore(database) };
}

it('what is used of a quota is kept for each period and meter', () => {
  const { quotas } = open();
  quotas.save([
    { ...KEY, ...STATE },
    { ...KEY, meter: 'cpu', limit: 9, reserved: 0, announced: 100, reachedAtMs: 5 },
  ]);
  expect(quotas.read(KEY)).toEqual(STATE);
  expect(quotas.read({ ...KEY, meter: 'cpu' })).toEqual({ limit: 9, reserved: 0, announced: 100, reachedAtMs: 5 });
  for (const other of [{ tenantId: 'globex' }, { period: 'day' as const }, { startMs: 1 }]) {
    expect(quotas.read({ ...KEY, ...other })).toBeNull();
  }
  quotas.save([{ ...KEY, ...STATE, reserved: 9 }]);
  expect(quotas.read(KEY)).toEqual({ ...STATE, reserved: 9 });
});

it('a period before all that are kept is known to be forgotten', () => {
  const { quotas } = open(3);
  for (const startMs of [10, 20, 30]) quotas.save([{ ...KEY, ...STATE, startMs }]);
  expect(quotas.read({ ...KEY, startMs: 15 })).toBeNull();
  expect(quotas.read({ ...KEY, startMs: 5 })).toBe('forgotten');
  quotas.save([{ ...KEY, ...STATE, startMs: 40 }]);
  expect(quotas.read({ ...KEY, startMs: 10 })).toBe('forgotten');
  expect(quotas.read({ ...KEY, startMs: 20 })).toEqual(STATE);
});

it('what a tenant used goes with the tenant', () => {
  const { quotas, tenants } = open();
  tenants.commit({ tenantId: 'acme', record: newTenant('acme', 1) });
  quotas.save([{ ...KEY, ...STATE }]);
  tenants.commit({ tenantId: 'acme', record: null });
  expect(quotas.read(KEY)).toBeNull();
});
