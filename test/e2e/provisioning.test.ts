/** A real server runs the hook of examples/provisioning, as docs/provisioning.md says. */
import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/registry/database.ts';
import { serveFile, type TestServer, temporaryDirectory } from './support.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/provisioning', import.meta.url));

async function example(): Promise<TestServer & { dir: string }> {
  const dir = temporaryDirectory();
  cpSync(EXAMPLE, dir, { recursive: true });
  return serveFile(join(dir, 'tenement.toml'), dir);
}

const shelves = ({ dir }: TestServer) => (existsSync(join(dir, 'shelves')) ? readdirSync(join(dir, 'shelves')) : []);

function rowsAbout(server: TestServer, tenantId: string): string[] {
  const database = openDatabase(join(server.dataDir, '.tenement/tenement.db'));
  const tables = ['tenants', 'instances', 'hooks', 'secrets', 'tenant_operations'];
  const columns: Record<string, string> = { tenants: 'id' };
  const found = tables.filter(
    (table) =>
      database.prepare(`SELECT 1 FROM ${table} WHERE ${columns[table] ?? 'tenant'} = ?`).get(tenantId) !== undefined,
  );
  database.close();
  return found;
}

it('a tenant is created with what its hook makes, gets a new key, and is deleted without a trace', async () => {
  const server = await example();
  const created = await server.cli('tenant', 'create', 'acme');
  expect(created).toMatchObject({ status: 0, stdout: expect.stringContaining('acme active') });
  expect((await server.get('acme.localhost')).body).toBe('acme: the key opens the shelf\n');
  const before = await server.cli('secret', 'ls', 'acme');
  expect(before.stdout).toContain('SHELF_KEY');
  expect(await server.cli('secret', 'rotate', 'acme', 'SHELF_KEY')).toMatchObject({ status: 0 });
  expect((await server.get('acme.localhost')).body).toBe('acme: the key opens the shelf\n');
  expect(shelves(server)).toEqual(['acme']);
  expect(await server.cli('tenant', 'rm', 'acme', '--purge', '--yes')).toMatchObject({ status: 0 });
  expect(shelves(server)).toEqual([]);
  expect(rowsAbout(server, 'acme')).toEqual([]);
  expect(server.stderr).not.toContain('SHELF_KEY=');
});

it('a hook that fails keeps the tenant closed and says why, until it is mended', async () => {
  const server = await example();
  writeFileSync(join(server.dir, 'shelves'), 'not a directory');
  const failed = await server.cli('tenant', 'create', 'acme');
  expect(failed).toMatchObject({ status: 1, stderr: expect.stringContaining('no shelf can be made in') });
  const answer = await server.get('acme.localhost');
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, expect.stringMatching(/^[1-9]/)]);
  const shown = await server.cli('tenant', 'show', 'acme');
  expect(shown.stdout).toMatch(/acme is provisioning.*failed +app\/shelf: it ended with exit status 1/s);
  rmSync(join(server.dir, 'shelves'));
  expect(await server.cli('tenant', 'provision', 'acme')).toMatchObject({ status: 0 });
  expect((await server.get('acme.localhost')).body).toBe('acme: the key opens the shelf\n');
});
