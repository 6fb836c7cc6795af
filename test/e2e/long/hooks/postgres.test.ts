/** The hook for PostgreSQL, with a real server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { POSTGRES, Postgres } from '../../../databases/postgres.ts';
import { describeWith, PSQL } from '../../../databases/programs.ts';
import { freePort } from '../../../ports.ts';
import { shared } from '../../support.ts';
import { Hook, runHook } from './hook.ts';

const LONGEST = 'a'.repeat(63);
/** It differs from the longest id only where a name is cut. */
const NEXT_LONGEST = `${'a'.repeat(62)}b`;

/** Runs SQL with a URL; returns all that psql says. */
function psql(url: string, ...statements: string[]): string {
  const args = statements.flatMap((statement) => ['-c', statement]);
  const { stdout, stderr } = spawnSync('psql', ['-XqAt', url, ...args], { encoding: 'utf8' });
  return (stdout + stderr).trim();
}

/** A connection that stays open until the test has finished, and its first answer. */
async function connected(url: string): Promise<ChildProcess> {
  const child = spawn('psql', ['-XqAt', url], { stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill());
  child.stdin?.write('SELECT 1;\n');
  await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), once(child, 'exit')]);
  return child;
}

function withUser(url: string, change: (url: URL) => void): string {
  const changed = new URL(url);
  change(changed);
  return changed.href;
}

async function started(options: ConstructorParameters<typeof Postgres>[0]) {
  const port = await freePort();
  const server = new Postgres({ ...options, port });
  server.start();
  return { server, port, hook: new Hook('postgres', server.adminEnv) };
}

describeWith([POSTGRES, PSQL], 'the hook for PostgreSQL', () => {
  const running = shared(async (onFinished) => {
    const all = await started({ settings: ['log_statement=all'] });
    onFinished(() => all.server.stop());
    return all;
  });
  const neighbours = shared(async () => {
    const { hook } = running();
    const [{ DATABASE_URL: acme = '' }, { DATABASE_URL: globex = '' }] = await Promise.all([
      hook.run('create', 'acme'),
      hook.run('create', 'globex'),
    ]);
    psql(globex, 'CREATE TABLE note (text text)', "INSERT INTO note VALUES ('theirs')");
    return { acme, globex };
  });
  const names = () => running().server.query('SELECT datname FROM pg_database', 'SELECT rolname FROM pg_roles');

  /** Creates a tenant until the test has finished; returns its URL. */
  async function tenant(id: string): Promise<string> {
    const { hook } = running();
    const { DATABASE_URL = '' } = await hook.run('create', id);
    onTestFinished(async () => void (await hook.run('destroy', id)));
    return DATABASE_URL;
  }

  it('makes a database with DATABASE_URL, in which the tenant may do all', async () => {
    const url = await tenant('initech');
    expect(url).toMatch(/^postgresql:\/\/tenant_initech_a:[0-9a-f]{48}@localhost:\d+\/tenant_initech$/);
    expect(psql(url, 'CREATE TABLE note (text text)', "INSERT INTO note VALUES ('ours')", 'TABLE note')).toBe('ours');
    expect(
      psql(url, 'CREATE SCHEMA own', "SELECT schema_owner FROM information_schema.schemata WHERE schema_name = 'own'"),
    ).toBe('tenant_initech');
  });

  it('keeps a password that is known, and replaces one whose record was lost', async () => {
    const { hook } = running();
    const url = await tenant('initech');
    psql(url, 'CREATE TABLE note ()');
    expect(await hook.run('create', 'initech', { DATABASE_URL: url })).toEqual({ DATABASE_URL: url });
    const { DATABASE_URL: renewed = '' } = await hook.run('create', 'initech');
    expect(renewed).not.toBe(url);
    expect(psql(renewed, 'TABLE note')).toBe('');
    expect(psql(url, 'SELECT 1')).toContain('password authentication failed');
    expect(await hook.run('create', 'initech', { DATABASE_URL: url })).not.toEqual({ DATABASE_URL: url });
  });

  it('succeeds when it runs twice at once, and one of the two values works', async () => {
    const { hook } = running();
    onTestFinished(async () => void (await hook.run('destroy', 'initech')));
    const both = await Promise.all([hook.run('create', 'initech'), hook.run('create', 'initech')]);
    const answers = both.map(({ DATABASE_URL = '' }) => psql(DATABASE_URL, 'SELECT 1'));
    expect(answers).toContain('1');
    await Promise.all([hook.run('destroy', 'initech'), hook.run('destroy', 'initech')]);
  });

  it.each([
    [
      'connect to the neighbour',
      (url: string) =>
        psql(
          withUser(url, (u) => (u.pathname = '/tenant_globex')),
          'SELECT 1',
        ),
      'permission denied for database',
    ],
    [
      'log in as the neighbour',
      (url: string) =>
        psql(
          withUser(url, (u) => (u.username = 'tenant_globex_a')),
          'SELECT 1',
        ),
      'password authentication failed',
    ],
    [
      'log in as its own role',
      (url: string) =>
        psql(
          withUser(url, (u) => (u.username = 'tenant_acme')),
          'SELECT 1',
        ),
      'password authentication failed',
    ],
    [
      'log in without a password',
      (url: string) =>
        psql(
          withUser(url, (u) => (u.password = '')),
          '-w',
          'SELECT 1',
        ),
      'no password supplied',
    ],
    ['become the neighbour', 'SET ROLE tenant_globex', 'permission denied to set role'],
    ['become the superuser', 'SET SESSION AUTHORIZATION postgres', 'permission denied to set session authorization'],
    ['change the password of the neighbour', "ALTER ROLE tenant_globex_a PASSWORD 'x'", 'permission denied'],
    ['join the neighbour', 'GRANT tenant_globex TO tenant_acme', 'must have admin option'],
    ['make a role', 'CREATE ROLE other', 'permission denied to create role'],
    ['make a database', 'CREATE DATABASE other', 'permission denied to create database'],
    ['drop the database of the neighbour', 'DROP DATABASE tenant_globex', 'must be owner of database'],
    ['open the database of the neighbour', 'GRANT CONNECT ON DATABASE tenant_globex TO PUBLIC', 'permission denied'],
    ['measure the neighbour', "SELECT pg_database_size('tenant_globex')", 'permission denied for database'],
    ['lift its limit of connections', 'ALTER ROLE tenant_acme_a CONNECTION LIMIT -1', 'permission denied'],
    ['read a file of the server', "SELECT pg_read_file('/etc/hostname')", 'permission denied'],
    ['run a program on the server', "COPY (SELECT 1) TO PROGRAM 'true'", 'must be superuser or have privileges'],
    ['reach out of the server', 'CREATE EXTENSION dblink', 'permission denied to create extension'],
  ])('a tenant cannot %s', async (_title, attempt, refusal) => {
    const { acme, globex } = neighbours();
    const answer = typeof attempt === 'string' ? psql(acme, attempt) : attempt(acme);
    expect(answer).toContain(refusal);
    expect(psql(globex, 'TABLE note')).toBe('theirs');
  });

  it('a tenant neither reads what a neighbour runs nor ends it', async () => {
    const { acme, globex } = neighbours();
    const neighbour = await connected(globex);
    const theirs = "FROM pg_stat_activity WHERE usename = 'tenant_globex_a'";
    expect(psql(acme, `SELECT query ${theirs}`)).toBe('<insufficient privilege>');
    expect(psql(acme, `SELECT pg_terminate_backend(pid) ${theirs}`)).toContain('must be a member of the role');
    expect(neighbour.exitCode).toBeNull();
  });

  it('rotates to the other login, and refuses the first one after the next rotation only', async () => {
    const { hook } = running();
    const first = await tenant('initech');
    psql(first, 'CREATE TABLE note (text text)');
    const { DATABASE_URL: second = '' } = await hook.run('rotate', 'initech', { DATABASE_URL: first });
    expect(new URL(second).username).toBe('tenant_initech_b');
    // A process that was started before the rotation was recorded connects too.
    for (const url of [first, second])
      expect(
        psql(url, "INSERT INTO note VALUES ('')", 'DROP TABLE IF EXISTS other', 'CREATE TABLE other ()'),
      ).not.toContain('ERROR');
    const { DATABASE_URL: third = '' } = await hook.run('rotate', 'initech', { DATABASE_URL: second });
    expect(psql(first, 'SELECT 1')).toContain('password authentication failed');
    for (const url of [second, third]) expect(psql(url, 'SELECT count(*) FROM note')).toBe('2');
  });

  it('measures the database, and refuses the rotated login once it is old and unused', async () => {
    const { hook, server } = running();
    const first = await tenant('initech');
    const before = Number((await hook.run('size', 'initech'))['databaseBytes']);
    psql(first, 'CREATE TABLE big AS SELECT repeat(md5(i::text), 30) FROM generate_series(1, 5000) i');
    const known = await hook.run('rotate', 'initech', { DATABASE_URL: first });
    const { databaseBytes } = await hook.run('size', 'initech', known);
    expect(Number(databaseBytes)).toBeGreaterThan(before + 1_000_000);
    expect(psql(first, 'SELECT 1')).toBe('1');

    server.query("COMMENT ON ROLE tenant_initech_b IS 'in use since 2020-01-01 00:00:00+00'");
    const still = await connected(first);
    await hook.run('size', 'initech', known);
    expect(psql(first, 'SELECT 1')).toBe('1');
    still.stdin?.end();
    await once(still, 'exit');
    await expect
      .poll(async () => {
        await hook.run('size', 'initech', known);
        return psql(first, 'SELECT 1');
      })
      .toContain('password authentication failed');
    expect(psql(known['DATABASE_URL'] ?? '', 'SELECT 1')).toBe('1');
  });

  it('destroys all of a tenant, also what is in use, and again', async () => {
    const { hook, server } = running();
    const before = names();
    const { DATABASE_URL: url = '' } = await hook.run('create', 'initech');
    await hook.run('rotate', 'initech', { DATABASE_URL: url });
    const inside = await connected(url);
    // Everybody may enter this database, unless an administrator forbids it.
    const outside = await connected(withUser(url, (u) => (u.pathname = '/postgres')));
    server.query('GRANT SELECT ON pg_class TO tenant_initech');
    const ended = Promise.all([once(inside, 'exit'), once(outside, 'exit')]);
    await hook.run('destroy', 'initech');
    for (const child of [inside, outside]) child.stdin?.end('SELECT 1;\n');
    await ended;
    expect(names()).toBe(before);
    await hook.run('destroy', 'initech');
    expect(names()).toBe(before);
    expect(await hook.failure('size', 'initech')).toContain('database "tenant_initech" does not exist');
    expect(await hook.failure('rotate', 'initech')).toContain('role "tenant_initech_a" does not exist');
  });

  it('tells two of the longest ids apart', async () => {
    const urls = [await tenant(LONGEST), await tenant(NEXT_LONGEST)];
    const databases = urls.map((url) => psql(url, 'SELECT current_database()'));
    expect(new Set(databases).size).toBe(2);
    for (const [index, url] of urls.entries()) {
      expect(psql(url, 'CREATE TABLE note ()')).toBe('');
      expect(
        psql(
          withUser(url, (u) => (u.pathname = `/${databases[1 - index]}`)),
          'TABLE note',
        ),
      ).toContain('permission denied');
    }
  });

  it('leaves no password in the log of a server that logs all statements', async () => {
    const { hook, server } = running();
    const first = await tenant('initech');
    const { DATABASE_URL: second = '' } = await hook.run('rotate', 'initech', { DATABASE_URL: first });
    expect(server.log).toContain('COPY hook_login FROM stdin');
    for (const url of [first, second]) expect(server.log).not.toContain(new URL(url).password);
  });

  it('needs no superuser', async () => {
    const { server } = running();
    server.query("CREATE ROLE provisioner LOGIN CREATEDB CREATEROLE PASSWORD 'x'");
    onTestFinished(() => void server.query('DROP ROLE provisioner'));
    const hook = new Hook('postgres', { ...server.adminEnv, PGUSER: 'provisioner', PGPASSWORD: 'x' });
    const before = names();
    const { DATABASE_URL: url = '' } = await hook.run('create', 'initech');
    psql(url, 'CREATE TABLE note ()');
    const inside = await connected(url);
    const known = await hook.run('rotate', 'initech', { DATABASE_URL: url });
    await hook.run('size', 'initech', known);
    await hook.run('destroy', 'initech', known);
    inside.stdin?.end();
    expect(names()).toBe(before);
  });

  it('names the tenants with another prefix, and refuses one that is no name', async () => {
    const { server } = running();
    const hook = new Hook('postgres', { ...server.adminEnv, POSTGRES_PREFIX: 'max_' });
    expect((await hook.run('create', 'customer1'))['DATABASE_URL']).toMatch(/\/max_customer1$/);
    await hook.run('destroy', 'customer1');
    expect(await hook.failure('create', 'initech', { POSTGRES_PREFIX: 'a"b' })).toContain('POSTGRES_PREFIX');
  });

  it.skipIf(process.getuid?.() !== 0)('connects as postgres on this machine when root runs it', async () => {
    const { server } = await started({ local: 'peer' });
    onTestFinished(() => server.stop());
    const { PGUSER: _user, PGPASSWORD: _password, ...place } = server.adminEnv;
    const hook = new Hook('postgres', place);
    const { DATABASE_URL: url = '' } = await hook.run('create', 'initech');
    expect(psql(url, 'SELECT current_user')).toBe('tenant_initech');
    // On the socket, tenants would have to be operating system users.
    expect(await hook.failure('create', 'initech', { POSTGRES_HOST: server.socketDir })).toContain(
      'pg_hba.conf: psql: error',
    );
  });

  it('refuses a server that asks tenants for no password', async () => {
    const { server } = await started({ local: 'trust' });
    onTestFinished(() => server.stop());
    const result = await runHook('postgres', ['create', 'initech'], {
      ...server.adminEnv,
      POSTGRES_HOST: server.socketDir,
    });
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toContain('asks for no password, so every tenant can be everybody');
  });
});
