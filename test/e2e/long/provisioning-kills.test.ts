/** A server that is killed at any step of a tenant's hooks leaves the rest to the next one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../../src/registry/database.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { killedAt } from '../killed-at.ts';
import { killIn, runsOf, shelfExample, shelvesOf } from '../shelf-example.ts';
import type { TestServer } from '../support.ts';

const PATIENCE = { timeout: 60_000, interval: 20 };

function leftOf(server: TestServer): string[] {
  const database = openDatabase(join(server.dataDir, '.tenement/tenement.db'));
  const tables = ['hooks', 'secrets', 'instances'].filter(
    (table) => database.prepare(`SELECT 1 FROM ${table} WHERE tenant = 'acme'`).get() !== undefined,
  );
  const unfinished = createTenantStore(database).unfinished();
  database.close();
  return [...tables, ...unfinished.map(({ operation }) => operation.kind)];
}

async function served(server: TestServer): Promise<string> {
  await vi.waitUntil(async () => (await server.get('acme.localhost')).status === 200, PATIENCE);
  return (await server.get('acme.localhost')).body;
}

const create = (server: TestServer) =>
  server.api('/api/tenants', { method: 'POST', body: '{"id":"acme"}', headers: JSON_BODY });
const purge = (server: TestServer) => server.api('/api/tenants/acme?purge=true', { method: 'DELETE' });
const JSON_BODY = { 'content-type': 'application/json' };

describe('a server that is killed while it provisions a tenant', () => {
  it.each([
    ['after the registration is written', 1],
    ['before the hook as begun is written', 1],
    ['after the hook as begun is written', 1],
    // The hook has succeeded, and its values are lost: it runs again, and gives values that work.
    ['before the hook as done is written', 2],
    ['after the hook as done is written', 1],
  ])('%s leaves a tenant that the next one completes', async (step, runs) => {
    const server = await shelfExample();
    await killedAt(server, step, () => create(server));
    expect(await served(server)).toBe('acme: the key opens the shelf\n');
    expect(runsOf(server)).toEqual(Array(runs).fill('create'));
    await purge(server);
    expect([...shelvesOf(server), ...leftOf(server)]).toEqual([]);
  });

  it('before anything is written has registered nothing', async () => {
    const server = await shelfExample();
    await killedAt(server, 'before the registration is written', () => create(server));
    expect((await server.get('acme.localhost')).status).toBe(404);
    expect(runsOf(server)).toEqual([]);
  });

  it('in the midst of the hook leaves nothing of the hook running, and it is run again', async () => {
    const server = await shelfExample();
    killIn(server, 'create');
    await create(server).catch(() => {});
    expect(await server.stop()).toBeNull();
    await server.start();
    expect(await served(server)).toBe('acme: the key opens the shelf\n');
    expect(runsOf(server)).toEqual(['create', 'create']);
  });
});

describe('a server that is killed while it purges a tenant', () => {
  it.each([
    'after the purge of hooks is written',
    'before the removal of the hook is written',
    'after the removal of the hook is written',
    'before the purge of files is written',
    'after the purge of files is written',
    'before the end is written',
    'after the end is written',
  ])('%s leaves the rest to the next one', async (step) => {
    const server = await shelfExample();
    await create(server);
    expect(await served(server)).toBe('acme: the key opens the shelf\n');
    await killedAt(server, step, () => purge(server));
    await vi.waitUntil(() => leftOf(server).length === 0, PATIENCE);
    expect(shelvesOf(server)).toEqual([]);
    expect(existsSync(join(server.dataDir, 'acme'))).toBe(false);
    expect((await server.api('/api/tenants/acme')).status).toBe(404);
  });

  it('before the purge is written leaves the tenant as it was', async () => {
    const server = await shelfExample();
    await create(server);
    await killedAt(server, 'before the purge of hooks is written', () => purge(server));
    expect(await served(server)).toBe('acme: the key opens the shelf\n');
    expect(runsOf(server)).toEqual(['create']);
  });
});
