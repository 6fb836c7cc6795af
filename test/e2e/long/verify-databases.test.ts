/** `tenement verify` with real databases, whose tenants are separate, and whose tenants are not. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { missing } from '../../apps/needs.ts';
import { POSTGRES, Postgres } from '../../databases/postgres.ts';
import { freePort } from '../../ports.ts';
import { isMissing } from '../fronts.ts';
import { serve, shared } from '../support.ts';
import { finding, isRoot, lines, pair, verify } from '../verify-pairs.ts';

const isAbsent = process.env['CI'] !== 'true' && missing([POSTGRES]).length > 0;

/** A service whose tenants get the variable. */
const service = (name: string, variable: string) =>
  `[service.${name}]\ncommand = "node {fixtures}/tenant.mjs"\nuser = "dynamic"\n[service.${name}.env]\n${variable}\n`;

describe.skipIf(!isRoot || isAbsent)('verify, with PostgreSQL (apt-get install postgresql)', () => {
  const database = shared(async (onFinished) => {
    const server = new Postgres();
    onFinished(() => server.stop());
    server.start();
    for (const id of ['acme', 'globex']) server.createDatabase(id, `pw-${id}`);
    as(server, 'globex', 'CREATE TABLE note (text text)');
    return server;
  });
  const running = shared(async (onFinished) => {
    const host = `host=${database().socketDir}`;
    const config = [
      service('own', `DATABASE_URL = "postgresql://{id}:pw-{id}@/{id}?${host}"`),
      service('same', `DATABASE_URL = "postgresql://acme:pw-acme@/acme?${host}"`),
      service('none', 'DATABASE_URL = "postgresql://u:p@/nowhere?host=/nowhere"'),
      '[proxy]\ndefault_service = "own"\n',
    ];
    return serve(config.join(''), [], onFinished);
  });
  const OWN = 'use the database of its DATABASE_URL with its own credentials';

  /** Runs SQL as the owner of a database. */
  function as({ socketDir }: Postgres, id: string, sql: string): void {
    const env = { ...process.env, PGHOST: socketDir, PGUSER: id, PGDATABASE: id, PGPASSWORD: `pw-${id}` };
    execFileSync('psql', ['-Xqc', sql], { env });
  }

  it('is refused by the database itself, until a role is let into the other database', async () => {
    const server = running();
    await pair(server, 'own', ['acme', 'globex']);
    const before = await verify(server, 'acme', 'globex');
    expect(lines(before, 'leak', 'failed', 'not_tried').filter((line) => /DATABASE/.test(line))).toEqual([]);
    expect(finding(before, OWN, 'own:acme')).toMatchObject({
      result: 'refused',
      detail: expect.stringContaining('permission denied for database'),
    });
    const withoutPassword = 'use the database of its DATABASE_URL without a password';
    expect(finding(before, withoutPassword, 'own:acme')).toMatchObject({
      result: 'refused',
      detail: expect.stringMatching(/^(connection to server|FATAL|fe_sendauth).*password/),
    });
    as(database(), 'globex', 'GRANT CONNECT ON DATABASE globex TO acme');
    expect(finding(await verify(server, 'acme', 'globex'), OWN, 'own:acme')).toMatchObject({
      result: 'leak',
      detail: 'connected; may read 0 of 1 tables',
    });
    as(database(), 'globex', 'GRANT SELECT ON note TO acme');
    const after = await verify(server, 'acme', 'globex');
    expect(finding(after, OWN, 'own:acme')?.detail).toBe('connected; may read 1 of 1 tables');
    expect(lines(after, 'leak')).toEqual([`own:acme → own:globex: ${OWN}`]);
    expect(after.status).toBe(1);
  });

  it('notices that both have the same credentials', async () => {
    const server = running();
    await pair(server, 'same', ['sa', 'sb']);
    const outcome = await verify(server, 'sa', 'sb');
    expect(lines(outcome, 'leak')).toEqual([`same:sa → same:sb: ${OWN}`, `same:sb → same:sa: ${OWN}`]);
    expect(finding(outcome, OWN, 'same:sa')?.detail).toBe('both have the user acme and the database acme');
  });

  it('says that credentials which do not work prove nothing', async () => {
    const server = running();
    await pair(server, 'none', ['na', 'nb'], '--env', 'DATABASE_URL=postgresql://u:p@/b?host=/nowhere');
    await server.cli('set', 'none:na', '--env', 'DATABASE_URL=postgresql://u:p@/a?host=/nowhere');
    expect(finding(await verify(server, 'na', 'nb'), OWN, 'none:na')).toMatchObject({
      result: 'not_tried',
      detail: expect.stringMatching(/^its own does not work from inside: .*nowhere/),
    });
  });
});

describe.skipIf(!isRoot || isMissing('redis-server'))('verify, with Redis (apt-get install redis-server)', () => {
  const cache = shared(async (onFinished) => {
    const port = await freePort();
    const users = ['acme', 'globex'].map((id) => `user ${id} on >pw-${id} ~tenant:${id}:* +@all -@dangerous`);
    const child = spawn('redis-server', ['-'], { stdio: ['pipe', 'pipe', 'inherit'] });
    onFinished(() => ended(child));
    child.stdin.end(['save ""', 'bind 127.0.0.1', `port ${port}`, 'user default off', ...users, ''].join('\n'));
    for await (const line of createInterface({ input: child.stdout }))
      if (line.includes('Ready to accept connections')) break;
    return { port };
  });
  const running = shared(async (onFinished) => {
    const at = `127.0.0.1:${cache().port}`;
    const config = [
      service('own', `REDIS_URL = "redis://{id}:pw-{id}@${at}"`),
      service('same', `REDIS_URL = "redis://acme:pw-acme@${at}"\nREDIS_PREFIX = "tenant:acme:"`),
      '[proxy]\ndefault_service = "own"\n',
    ];
    return serve(config.join(''), [], onFinished);
  });
  const OWN = 'read a key of its REDIS_URL with its own credentials';

  async function ended(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Lists the keys of a tenant. */
  function keysOf(id: string): string {
    const args = ['-p', String(cache().port), '--user', id, '--no-auth-warning', 'SCAN', '0'];
    return execFileSync('redis-cli', args, { env: { ...process.env, REDISCLI_AUTH: `pw-${id}` }, encoding: 'utf8' });
  }

  it('is refused by Redis itself where each has its own prefix', async () => {
    const server = running();
    await pair(server, 'own', ['acme', 'globex']);
    const outcome = await verify(server, 'acme', 'globex');
    expect(lines(outcome, 'leak', 'failed')).toEqual([]);
    expect(finding(outcome, OWN, 'own:acme')).toMatchObject({
      result: 'refused',
      detail: expect.stringContaining('NOPERM'),
    });
    expect(finding(outcome, 'read a key of its REDIS_URL without a password', 'own:globex')).toMatchObject({
      result: 'refused',
      detail: expect.stringContaining('NOAUTH'),
    });
  });

  it('notices a user that both have, and leaves no key', async () => {
    const server = running();
    await pair(server, 'same', ['ca', 'cb']);
    const outcome = await verify(server, 'ca', 'cb');
    expect(lines(outcome, 'leak')).toEqual([`same:ca → same:cb: ${OWN}`, `same:cb → same:ca: ${OWN}`]);
    expect(finding(outcome, OWN, 'same:ca')?.detail).toMatch(/^read tenant:acme:tenement-verify-\w{12}$/);
    expect(keysOf('acme')).not.toContain('tenement-verify');
  });
});
