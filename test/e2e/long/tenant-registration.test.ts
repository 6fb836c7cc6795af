/** A real server completes an operation on a tenant that a killed one had begun. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../../src/registry/database.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { serve } from '../support.ts';

/** The next server completes what was interrupted in the background. */
const PATIENCE = { timeout: 60_000, interval: 20 };

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

it('a purge that a killed server had written down is completed at the next start', async () => {
  const server = await serve(APP);
  for (const id of ['acme', 'globex']) await server.api(`/spawn/app/--id=${id}`);
  for (const id of ['acme', 'globex']) await server.cli('sleep', `app:${id}`);
  const dirOf = (id: string) => join(server.dataDir, id);
  expect(existsSync(dirOf('acme'))).toBe(true);
  await server.stop('SIGKILL');

  const file = join(server.dataDir, '.tenement/tenement.db');
  const database = openDatabase(file);
  const operation = {
    kind: 'delete',
    step: 'files',
    startedAtMs: Date.now(),
    services: ['app'],
    withDirectory: true,
    withRecord: true,
  } as const;
  createTenantStore(database).commit({ tenantId: 'acme', removeInstances: ['app'], operation });
  database.close();

  await server.start();
  await vi.waitUntil(() => !existsSync(dirOf('acme')), PATIENCE);
  expect(existsSync(dirOf('globex'))).toBe(true);
  expect((await server.get('acme.localhost')).status).toBe(404);
  expect((await server.get('globex.localhost')).status).toBe(200);
  const after = openDatabase(file);
  const tenants = createTenantStore(after);
  await vi.waitUntil(() => tenants.unfinished().length === 0, PATIENCE);
  expect(tenants.list().map(({ id }) => id)).toEqual(['globex']);
  after.close();
});

describe('a server that is killed while it registers a tenant', () => {
  const PRELOAD = fileURLToPath(new URL('../kill-at.mjs', import.meta.url));
  const IS_ROOT = process.getuid?.() === 0;
  const app = IS_ROOT ? `${APP}user = "dynamic"\n` : APP;
  const STEPS = [
    'after the registration is written',
    'before the directory is made',
    'after the directory is made',
    ...(IS_ROOT ? ['after the directory is given to its user'] : []),
    'before the end is written',
    'after the end is written',
  ];

  async function killedAt(step: string) {
    const server = await serve(app);
    await server.stop();
    server.env = { NODE_OPTIONS: `--import ${PRELOAD}`, KILL_AT: step };
    await server.start();
    await server.api('/spawn/app/--id=acme').catch(() => {});
    expect(await server.stop()).toBeNull();
    server.env = {};
    await server.start();
    return server;
  }

  it('before it is written down has registered nothing', async () => {
    const server = await killedAt('before the registration is written');
    expect((await server.get('acme.localhost')).status).toBe(404);
    expect(existsSync(join(server.dataDir, 'acme'))).toBe(false);
  });

  it.each(STEPS)('%s leaves the rest to the next one', async (step) => {
    const server = await killedAt(step);
    const database = openDatabase(join(server.dataDir, '.tenement/tenement.db'));
    const tenants = createTenantStore(database);
    await vi.waitUntil(() => tenants.unfinished().length === 0, PATIENCE);
    const uid = tenants.get('acme')?.uid ?? process.getuid?.();
    database.close();
    expect((await server.get('acme.localhost')).status).toBe(200);
    const stat = statSync(join(server.dataDir, 'acme'));
    expect([stat.mode & 0o777, stat.uid]).toEqual([0o700, uid]);
    if (IS_ROOT) expect(uid).toBeGreaterThan(0);
  });
});
