import { expect, it } from 'vitest';
import { newRecord } from '../../../src/core/lifecycle/instance.ts';
import { newTenant } from '../../../src/core/tenants/tenant.ts';
import { here, settle, type World, world } from '../fakes.ts';

const HOOK = {
  name: 'db',
  commands: { create: ['db'], destroy: null, rotate: null, measure: null },
  timeoutMs: 60_000,
  inheritEnv: [],
  env: {},
};
const NEVER = new Promise<never>(() => {});

/** A world whose config starts `acme` and `globex`, with a template. */
function made(hooks: readonly (typeof HOOK)[] = []) {
  const one = world({ hooks });
  one.served.replace({
    ...one.config,
    tenants: { ...one.config.tenants, skeleton: { dir: '/skel', render: [], replace: [] } },
    instances: ['acme', 'globex'].map((tenantId) => ({ service: 'api', tenantId, start: true })),
  });
  return one;
}

const started = ({ launched }: World) => launched.map(({ tenantId }) => tenantId);

it('a template that takes long keeps no other tenant from being served, nor the server from being ready', async () => {
  const it = made();
  const { promise, resolve } = Promise.withResolvers<null>();
  it.createTenantDir = (tenantId) => (tenantId === 'acme' ? promise : Promise.resolve(null));
  await it.supervisor.open();
  await settle();
  expect(started(it)).toEqual(['globex']);
  expect(it.supervisor.claim('api:acme', here())).toMatchObject({ refused: 'provisioning' });
  resolve(null);
  await settle();
  expect(started(it)).toEqual(['globex', 'acme']);
});

it('a hook that takes long keeps no other tenant from being served, nor the server from being ready', async () => {
  const it = made([HOOK]);
  it.hookRunner.answer = ({ tenantId }) => (tenantId === 'acme' ? NEVER : '');
  await it.supervisor.open();
  await settle();
  expect(started(it)).toEqual(['globex']);
});

it('what an earlier server has left undone is completed after the server is ready', async () => {
  const it = made();
  const asked: string[] = [];
  it.tenants.operations.set('acme', { kind: 'register', step: 'directory', startedAtMs: 1, service: 'api' });
  const files = { kind: 'delete', step: 'files', startedAtMs: 1, services: [], withDirectory: true } as const;
  it.tenants.operations.set('initech', { ...files, withRecord: true });
  it.createTenantDir = (tenantId) => {
    asked.push(`create ${tenantId}`);
    return tenantId === 'acme' ? NEVER : Promise.resolve(null);
  };
  it.deleteTenantDir = (tenantId) => {
    asked.push(`delete ${tenantId}`);
    return NEVER;
  };
  await it.supervisor.open();
  await settle();
  expect(asked.sort()).toEqual(['create acme', 'create globex', 'delete initech']);
  expect(it.supervisor.claim('api:globex', here())).toBeInstanceOf(Promise);
});

it('a template that cannot be copied is told, and tried again with back-off', async () => {
  const it = made();
  let tries = 0;
  it.createTenantDir = async () => {
    tries += 1;
    throw new Error('no space left');
  };
  await it.supervisor.open();
  await settle();
  expect(it.supervisor.tenants.get('acme')).toMatchObject({
    state: 'provisioning',
    reason: 'the template of its directory cannot be copied: no space left',
    provisioning: { waiting: ['template'], failed: { hook: 'template', reason: 'no space left', failures: 1 } },
  });
  const before = tries;
  await it.clock.advance(15_000);
  expect(tries - before).toBe(2 * 3);
  it.createTenantDir = async () => null;
  await it.clock.advance(16_000);
  expect(it.supervisor.tenants.get('acme')).toMatchObject({ state: 'active', provisioning: null });
});

it('hooks of a tenant whose registration was interrupted run as soon as its directory is there', async () => {
  const it = made([HOOK]);
  it.tenants.operations.set('acme', { kind: 'register', step: 'directory', startedAtMs: 1, service: 'api' });
  it.tenants.records.set('acme', newTenant('acme', 1));
  it.saved.set('api:acme', newRecord('api', 'acme', { env: {}, limits: {} }, 1));
  it.tenants.hooks.apply({
    tenantId: 'acme',
    putHooks: [
      { service: 'api', hook: 'db', state: 'pending', holds: 'tenant', sinceMs: 1, position: 0, failure: null },
    ],
  });
  await it.supervisor.open();
  await it.clock.advance(0);
  expect(it.hookRunner.runs.map(({ tenantId }) => tenantId)).toContain('acme');
  expect(it.supervisor.tenants.get('acme')).toMatchObject({ state: 'active', provisioning: null });
});
