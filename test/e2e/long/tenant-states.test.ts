/** A tenant that expires, is stopped and comes back, behind proxy workers and over the death of the server. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/registry/database.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { isRunning, serve } from '../support.ts';

const CONFIG = `[proxy]
workers = 2
[tenants]
default_plan = "free"
[plan.free]
max_instances = 1
[plan.pro]
features = ["export", "sso"]
[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
`;

it('a tenant is served, closed and served again in every worker at once', async () => {
  const server = await serve(CONFIG);
  const statuses = async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.get('acme.localhost')));
    return [...new Set(answers.map(({ status }) => status))];
  };
  const created = await server.cli('tenant', 'create', 'acme', '--plan', 'pro', '--env', 'A=1');
  expect([created.status, created.stdout.split('\n')[0]]).toEqual([0, 'acme active']);
  expect(JSON.parse((await server.get('acme.localhost', '/env')).body)).toMatchObject({
    A: '1',
    TENANT_PLAN: 'pro',
    TENANT_FEATURES: 'export,sso',
  });
  expect(await statuses()).toEqual([200]);

  await server.cli('tenant', 'set', 'acme', '--expires', 'now');
  expect(await statuses()).toEqual([402]);
  await server.event('app:acme', 'stopped');
  expect(await server.instance('app:acme')).toMatchObject({ state: 'stopped', pid: null });
  await server.cli('tenant', 'set', 'acme', '--expires', 'never');
  expect(await statuses()).toEqual([200]);
  await server.cli('tenant', 'stop', 'acme');
  expect(await statuses()).toEqual([503]);
  await server.cli('tenant', 'start', 'acme');
  expect(await statuses()).toEqual([200]);
});

it('a tenant whose time ends while no server runs is closed by the next one, and its process ended', async () => {
  const server = await serve(CONFIG);
  await server.cli('tenant', 'create', 'acme', '--expires', '30d');
  const { pid, ...before } = await server.instance('app:acme');
  expect([before.state, isRunning(pid ?? 0)]).toEqual(['ready', true]);
  await server.stop('SIGKILL');
  const database = openDatabase(join(server.dataDir, '.tenement/tenement.db'));
  const tenants = createTenantStore(database);
  const record = tenants.get('acme');
  if (record === null) throw new Error('acme has no record');
  tenants.commit({ tenantId: 'acme', record: { ...record, expiresAtMs: Date.now() - 1 } });
  database.close();
  await server.start();
  expect((await server.get('acme.localhost')).status).toBe(402);
  await server.event('app:acme', 'stopped');
  expect(isRunning(pid ?? 0)).toBe(false);
  await server.cli('tenant', 'set', 'acme', '--expires', '30d');
  expect((await server.get('acme.localhost')).status).toBe(200);
});

it('requests go on while variables of a running instance change', async () => {
  const server = await serve(CONFIG);
  await server.cli('tenant', 'create', 'acme');
  let over = false;
  const statuses = new Set<number>();
  const asking = (async () => {
    while (!over) statuses.add((await server.get('acme.localhost')).status);
  })();
  const { pid } = await server.instance('app:acme');
  const limited = await server.cli('set', 'app:acme', '--memory-limit-mb', '300');
  expect([limited.stdout, (await server.instance('app:acme')).pid]).toEqual(['app:acme changed, ready\n', pid]);
  await server.cli('set', 'app:acme', '--env', 'A=1');
  expect((await server.instance('app:acme')).pid).not.toBe(pid);
  over = true;
  await asking;
  expect([...statuses]).toEqual([200]);
  expect(JSON.parse((await server.get('acme.localhost', '/env')).body)).toMatchObject({ A: '1' });
});
