/** examples/postgres: a customer's whole life, with a database of its own and on a domain of its own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { Need } from '../../../apps/needs.ts';
import { POSTGRES, Postgres } from '../../../databases/postgres.ts';
import { describeWith, PSQL } from '../../../databases/programs.ts';
import { PageShell, stepsOf } from '../../../pages/page-shell.ts';
import { freePort } from '../../../ports.ts';
import { temporaryDirectory } from '../../support.ts';
import { TestServer } from '../../test-server.ts';
import { follow } from './example.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const CONFIG = join(ROOT, 'examples/postgres/tenement.toml');
const PAGE = 'docs/databases.md';
const PSYCOPG: Need = { test: "/usr/bin/python3 -c 'import psycopg2'", remedy: 'apt-get install python3-psycopg2' };
const DOMAIN = 'notes.acme.test';

async function started(
  config = CONFIG,
  dir = temporaryDirectory(),
): Promise<{ server: TestServer; postgres: Postgres }> {
  const postgres = new Postgres({ port: await freePort() });
  postgres.start();
  onTestFinished(() => postgres.stop());
  const server = new TestServer(dir, config, []);
  onTestFinished(() => server.dispose());
  const { PGPASSWORD, ...place } = postgres.adminEnv;
  const passFile = join(dir, 'pgpass');
  writeFileSync(passFile, `*:*:*:*:${PGPASSWORD}\n`, { mode: 0o600 });
  server.env = { ...place, PGPASSFILE: passFile };
  await server.start();
  return { server, postgres };
}

const names = (postgres: Postgres) =>
  postgres.query('SELECT datname FROM pg_database', 'SELECT rolname FROM pg_roles').split('\n').sort();

describeWith([POSTGRES, PSQL, PSYCOPG], 'docs/databases.md', () => {
  it('has a configuration and commands for PostgreSQL that do what the page says', async () => {
    const [, configuration = ''] = /^```toml\n(.*?)^```/ms.exec(readFileSync(join(ROOT, PAGE), 'utf8')) ?? [];
    const dir = temporaryDirectory();
    const config = join(dir, 'tenement.toml');
    writeFileSync(config, configuration.replace('node app.js', `/usr/bin/python3 ${ROOT}examples/postgres/app.py`));
    const { server, postgres } = await started(config, dir);
    const before = names(postgres);
    for (const step of stepsOf(PAGE)) await new PageShell(server).expect(step);
    await expect.poll(() => names(postgres)).toEqual(before);
  });

  it('has statements that an administrator can run', async () => {
    const { postgres } = await started();
    const statements = [...readFileSync(join(ROOT, PAGE), 'utf8').matchAll(/^ {4}(REVOKE .*)$/gm)];
    expect(statements).toHaveLength(1);
    for (const [, statement = ''] of statements) postgres.query(statement);
    const open =
      "SELECT count(*) FROM pg_database WHERE datname IN ('postgres', 'template1') AND datacl::text LIKE '%{=c%'";
    expect(postgres.query(open)).toBe('0\n');
  });
});

describeWith([POSTGRES, PSQL, PSYCOPG], 'the example postgres', () => {
  it('does what its README says', async () => {
    const { server, postgres } = await started();
    const before = names(postgres);
    await follow('examples/postgres/README.md', server);
    expect(names(postgres)).toEqual(before);
  });

  it('gives a tenant a database and a domain by one command, and leaves nothing of either by another', async () => {
    const { server, postgres } = await started();
    const before = names(postgres);
    const created = await server.cli('tenant', 'create', 'acme', '--domain', DOMAIN);
    expect(created).toMatchObject({ status: 0 });
    expect((await server.get(DOMAIN, '/', { method: 'POST', body: 'call Ada' })).status).toBe(201);
    expect(await server.get(DOMAIN)).toMatchObject({ status: 200, body: 'call Ada\n' });
    expect(names(postgres)).toEqual(expect.arrayContaining(['tenant_acme', 'tenant_acme_a', 'tenant_acme_b']));

    await server.cli('tenant', 'create', 'globex');
    expect(await server.get('globex.localhost')).toMatchObject({ status: 200, body: '' });

    expect(await server.cli('tenant', 'rm', 'acme', '--purge', '--yes')).toMatchObject({ status: 0 });
    await expect.poll(() => names(postgres).filter((name) => name.includes('acme'))).toEqual([]);
    expect((await server.get(DOMAIN)).status).toBe(404);
    await server.cli('tenant', 'rm', 'globex', '--purge', '--yes');
    await expect.poll(() => names(postgres)).toEqual(before);
  });

  it('rotates the login of a tenant without a failed request', async () => {
    const { server } = await started();
    await server.cli('tenant', 'create', 'acme');
    const statuses = new Set<number>();
    let isOver = false;
    const load = Array.from({ length: 3 }, async () => {
      while (!isOver) statuses.add((await server.get('acme.localhost', '/', { method: 'POST', body: 'x' })).status);
    });
    for (const _rotation of ['to the second login', 'back to the first']) {
      const { pid, requests } = await server.instance('notes:acme');
      expect(await server.cli('secret', 'rotate', 'acme', 'DATABASE_URL')).toMatchObject({ status: 0 });
      await expect.poll(async () => (await server.instance('notes:acme')).pid).not.toBe(pid);
      // The new process serves, too.
      await expect.poll(async () => (await server.instance('notes:acme')).requests).toBeGreaterThan(requests + 20);
    }
    isOver = true;
    await Promise.all(load);
    expect([...statuses]).toEqual([201]);
    await server.cli('tenant', 'rm', 'acme', '--purge', '--yes');
  });
});
