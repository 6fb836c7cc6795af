/** A real server completes an operation on a tenant that a killed one had begun. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../../src/registry/database.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { killedAt } from '../killed-at.ts';
import { serve, type TestServer } from '../support.ts';

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

  /** The ways in which the API registers a tenant. */
  const PATHS: Record<string, (server: TestServer) => Promise<unknown>> = {
    'GET /spawn': (server) => server.api('/spawn/app/--id=acme'),
    'POST /api/instances': (server) => post(server, '/api/instances', { service: 'app', id: 'acme' }),
    'POST /api/tenants': (server) =>
      post(server, '/api/tenants', { id: 'acme', domains: ['shop.example.com'], labels: { team: 'red' } }),
  };
  const CASES = Object.keys(PATHS).flatMap((path) => STEPS.map((step) => [path, step] as const));

  function post(server: TestServer, path: string, body: object) {
    const headers = { 'content-type': 'application/json' };
    return server.api(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async function served(path: string, step: string) {
    const server = await serve(app);
    await killedAt(server, step, () => PATHS[path]?.(server) ?? Promise.reject(new Error(`no ${path}`)));
    return server;
  }

  it.each(Object.keys(PATHS))('by %s before it is written down has registered nothing', async (path) => {
    const server = await served(path, 'before the registration is written');
    expect((await server.get('acme.localhost')).status).toBe(404);
    expect(existsSync(join(server.dataDir, 'acme'))).toBe(false);
  });

  it.each(CASES)('by %s %s leaves the rest to the next one', async (path, step) => {
    const server = await served(path, step);
    const database = openDatabase(join(server.dataDir, '.tenement/tenement.db'));
    const tenants = createTenantStore(database);
    await vi.waitUntil(() => tenants.unfinished().length === 0, PATIENCE);
    const uid = tenants.get('acme')?.uid ?? process.getuid?.();
    database.close();
    expect((await server.get('acme.localhost')).status).toBe(200);
    const stat = statSync(join(server.dataDir, 'acme'));
    expect([stat.mode & 0o777, stat.uid]).toEqual([0o700, uid]);
    if (IS_ROOT) expect(uid).toBeGreaterThan(0);
    if (path !== 'POST /api/tenants') return;
    expect(JSON.parse((await server.api('/api/tenants/acme')).body)).toMatchObject({ labels: { team: 'red' } });
    expect((await server.get('shop.example.com')).status).toBe(200);
  });
});
