/** A server that is killed at any step of a tenant's hooks leaves the rest to the next one. */
import { appendFileSync, chmodSync, cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../../src/registry/database.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { serveFile, type TestServer, temporaryDirectory } from '../support.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/provisioning', import.meta.url));
const PRELOAD = fileURLToPath(new URL('../kill-at.mjs', import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 20 };

/** A server of the example, whose hook records its runs. */
async function example(): Promise<TestServer> {
  const dir = temporaryDirectory();
  cpSync(EXAMPLE, dir, { recursive: true });
  const hook = join(dir, 'hooks/shelf');
  // The record is what really happened, whatever the registry says. One run kills its parent, the server.
  appendFileSync(
    hook,
    '\necho "$action" >> runs\n[ ! -e "kill-in-$action" ] || { rm "kill-in-$action"; kill -9 "$PPID"; sleep 60; }\n',
  );
  chmodSync(hook, 0o755);
  return serveFile(join(dir, 'tenement.toml'), dir);
}

const runsOf = ({ dir }: TestServer) =>
  existsSync(join(dir, 'runs')) ? readFileSync(join(dir, 'runs'), 'utf8').trim().split('\n') : [];
const shelves = ({ dir }: TestServer) => (existsSync(join(dir, 'shelves')) ? readdirSync(join(dir, 'shelves')) : []);

async function killedAt(server: TestServer, step: string, act: () => Promise<unknown>): Promise<void> {
  await server.stop();
  server.env = { NODE_OPTIONS: `--import ${PRELOAD}`, KILL_AT: step };
  await server.start();
  await act().catch(() => {});
  expect(await server.stop()).toBeNull();
  server.env = {};
  await server.start();
}

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
    const server = await example();
    await killedAt(server, step, () => create(server));
    expect(await served(server)).toBe('acme: the key opens the shelf\n');
    expect(runsOf(server)).toEqual(Array(runs).fill('create'));
    await purge(server);
    expect([...shelves(server), ...leftOf(server)]).toEqual([]);
  });

  it('before anything is written has registered nothing', async () => {
    const server = await example();
    await killedAt(server, 'before the registration is written', () => create(server));
    expect((await server.get('acme.localhost')).status).toBe(404);
    expect(runsOf(server)).toEqual([]);
  });

  it('in the midst of the hook leaves nothing of the hook running, and it is run again', async () => {
    const server = await example();
    appendFileSync(join(server.dir, 'kill-in-create'), '');
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
    const server = await example();
    await create(server);
    expect(await served(server)).toBe('acme: the key opens the shelf\n');
    await killedAt(server, step, () => purge(server));
    await vi.waitUntil(() => leftOf(server).length === 0, PATIENCE);
    expect(shelves(server)).toEqual([]);
    expect(existsSync(join(server.dataDir, 'acme'))).toBe(false);
    expect((await server.api('/api/tenants/acme')).status).toBe(404);
  });

  it('before the purge is written leaves the tenant as it was', async () => {
    const server = await example();
    await create(server);
    await killedAt(server, 'before the purge of hooks is written', () => purge(server));
    expect(await served(server)).toBe('acme: the key opens the shelf\n');
    expect(runsOf(server)).toEqual(['create']);
  });
});
