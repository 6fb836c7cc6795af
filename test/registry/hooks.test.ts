import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { newRecord } from '../../src/core/lifecycle/instance.ts';
import type { HookConfig } from '../../src/core/provisioning/hook.ts';
import type { HookRecord } from '../../src/core/provisioning/hook-record.ts';
import { newTenant } from '../../src/core/tenants/tenant.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createHookStore } from '../../src/registry/hooks.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

function open() {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const database = openDatabase(join(dir, 'tenement.db'));
  onTestFinished(() => {
    database.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const tenants = createTenantStore(database);
  const register = (tenantId: string, putHooks: readonly HookRecord[] = []) =>
    tenants.commit({
      tenantId,
      record: newTenant(tenantId, 1),
      addInstances: [newRecord('api', tenantId, { env: {}, limits: {} }, 1)],
      putHooks,
    });
  return { tenants, hooks: createHookStore(database), register };
}

function record(hook: string, position: number, other: Partial<HookRecord> = {}): HookRecord {
  return { service: 'api', hook, state: 'pending', holds: 'tenant', sinceMs: 1, position, failure: null, ...other };
}

const CONFIG: HookConfig = {
  name: 'db',
  commands: { create: ['hooks/db', '{id}'], destroy: ['hooks/db', '-d'], rotate: null, measure: null },
  timeoutMs: 60_000,
  inheritEnv: ['PGHOST'],
  env: { A: '{id}' },
};
const known = (config: Partial<HookConfig> = {}) => {
  const whole = { ...CONFIG, ...config };
  return { service: 'api', hook: whole.name, config: whole, workdir: '/etc/tenement' };
};

it('lists the hooks of a tenant in the order in which they run, with their last failure', () => {
  const { hooks, register } = open();
  const failure = {
    action: 'create',
    sinceMs: 1,
    atMs: 2,
    count: 2,
    nextTryAtMs: 3,
    reason: 'r',
    lines: ['l'],
  } as const;
  const failed = record('db', 1, { state: 'begun', failure });
  register('acme', [failed, record('cache', 2), record('bucket', 0)]);
  expect(hooks.list('acme').map(({ hook }) => hook)).toEqual(['bucket', 'db', 'cache']);
  expect(hooks.list('acme')[1]).toEqual(failed);
  expect(hooks.list('globex')).toEqual([]);
});

it('knows which hooks of registered instances have not succeeded', () => {
  const { hooks, tenants, register } = open();
  register('acme', [record('db', 0, { state: 'done' }), record('cache', 1)]);
  register('globex', [record('db', 0, { state: 'begun' })]);
  const found = () => hooks.unfinished().map(({ tenantId, record: { hook } }) => `${tenantId} ${hook}`);
  expect(found()).toEqual(['acme cache', 'globex db']);
  tenants.commit({ tenantId: 'globex', removeInstances: ['api'] });
  expect(found()).toEqual(['acme cache']);
});

it('gives a hook that is new in the config to the instances that are registered, and it holds nothing', () => {
  const { hooks, register } = open();
  register('acme', [record('db', 0, { state: 'done' })]);
  register('globex');
  hooks.enroll([known(), known({ name: 'size', commands: { ...CONFIG.commands, create: null } })], 9);
  expect(hooks.list('acme').map(({ hook, state, holds }) => [hook, state, holds])).toEqual([
    ['db', 'done', 'tenant'],
    ['size', 'done', 'nothing'],
  ]);
  expect(hooks.list('globex')[0]).toEqual(record('db', 0, { holds: 'nothing', sinceMs: 9 }));
});

it('remembers a hook as the config last had it', () => {
  const { hooks } = open();
  hooks.enroll([known()], 1);
  hooks.enroll([known({ timeoutMs: 5 }), known({ name: 'cache' })], 2);
  hooks.enroll([known({ name: 'cache' })], 3);
  expect(hooks.known({ service: 'api', hook: 'db' })).toEqual(known({ timeoutMs: 5 }));
  expect(hooks.known({ service: 'web', hook: 'db' })).toBeNull();
});

it('keeps of a forgotten tenant what may have been made, so that a purge of the same id destroys it', () => {
  const { hooks, tenants, register } = open();
  register('acme', [record('db', 0, { state: 'done' }), record('cache', 1, { state: 'begun' }), record('bucket', 2)]);
  tenants.commit({ tenantId: 'acme', record: null, removeInstances: ['api'] });
  expect(hooks.list('acme').map(({ hook, state }) => `${hook} ${state}`)).toEqual(['db begun', 'cache begun']);
  tenants.commit({ tenantId: 'acme', removeHooks: hooks.list('acme') });
  expect(hooks.list('acme')).toEqual([]);
});

it('keeps the secrets of a tenant while its hooks are still to destroy what they made', () => {
  const { tenants } = open();
  const operation = {
    kind: 'delete',
    startedAtMs: 1,
    services: ['api'],
    withDirectory: true,
    withRecord: true,
  } as const;
  tenants.commit({ tenantId: 'acme', operation: { ...operation, step: 'hooks' } });
  expect(tenants.unfinished()).toEqual([{ tenantId: 'acme', operation: { ...operation, step: 'hooks' } }]);
});

it('keeps the highest value of a meter in each hour, and when it was measured', () => {
  const { hooks, register } = open();
  register('acme', [record('db', 0)]);
  const key = { service: 'api', hook: 'db' };
  expect(hooks.measuredAtMs('acme', key)).toBeNull();
  hooks.measured({ tenantId: 'acme', ...key, atMs: 3_600_000, values: new Map([['bytes', 9]]) });
  hooks.measured({ tenantId: 'acme', ...key, atMs: 3_600_001, values: new Map([['bytes', 7]]) });
  expect(hooks.measuredAtMs('acme', key)).toBe(3_600_001);
});
