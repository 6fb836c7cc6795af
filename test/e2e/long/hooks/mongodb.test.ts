/**
 * The hook for MongoDB's protocol, with FerretDB. It authenticates users and has no roles, so what a role refuses cannot be
 * tried with it: that a user is kept to its database is MongoDB's own promise, and the hook asks for it by `readWrite`.
 */
import { expect, it, onTestFinished } from 'vitest';
import { FerretDb } from '../../../databases/ferretdb.ts';
import { describeWith, FERRETDB, MONGOSH } from '../../../databases/programs.ts';
import { shared } from '../../support.ts';
import { Hook } from './hook.ts';

describeWith([FERRETDB, MONGOSH], 'the hook for MongoDB', () => {
  const running = shared(async (onFinished) => {
    const server = await FerretDb.start();
    onFinished(() => server.stop());
    const variables = { MONGODB_ADMIN_URL: server.adminUrl, MONGODB_ROLES: '' };
    return { server, variables, hook: new Hook('mongodb', { ...variables, MONGODB_UNSEPARATED: '1' }) };
  });
  const names = () =>
    running().server.admin(`print(db.getMongo().getDBNames().filter((name) => name.startsWith("tenant_")).join(),
      ["tenant_acme", "tenant_globex"].flatMap((name) => db.getSiblingDB(name).getUsers().users.map(({user}) => user)).join())`);

  it('makes a user of a database, and keeps a password that is known', async () => {
    const { server, hook } = running();
    const { MONGODB_URL: url = '' } = await hook.run('create', 'acme');
    onTestFinished(async () => void (await hook.run('destroy', 'acme')));
    expect(url).toMatch(/^mongodb:\/\/tenant_acme_a:[0-9a-f]{48}@127\.0\.0\.1:\d+\/tenant_acme$/);
    expect(server.as(url, 'db.notes.insertOne({text: "ours"}); db.notes.findOne().text')).toBe('ours\n');
    expect(await hook.run('create', 'acme', { MONGODB_URL: url })).toEqual({ MONGODB_URL: url });
    const { MONGODB_URL: renewed = '' } = await hook.run('create', 'acme');
    expect(server.as(renewed, 'db.notes.findOne().text')).toBe('ours\n');
    expect(server.as(url, 'db.notes.findOne().text')).toContain('Authentication failed');
  });

  it('refuses a server that does not separate its users, and leaves no user there', async () => {
    const { hook, variables } = running();
    const strict = new Hook('mongodb', variables);
    expect(await strict.failure('create', 'acme')).toContain('lets a user read every database');
    expect(names()).toBe(' \n');
    await hook.run('destroy', 'acme');
  });

  it('asks for the role readWrite, which this server does not know', async () => {
    const { MONGODB_ROLES: _none, ...variables } = running().variables;
    expect(await new Hook('mongodb', variables).failure('create', 'acme')).toMatch(/"roles".*is not implemented/);
  });

  it('a tenant cannot log in as its neighbour, or with a password of its neighbour', async () => {
    const { server, hook } = running();
    const [{ MONGODB_URL: acme = '' }, { MONGODB_URL: globex = '' }] = await Promise.all([
      hook.run('create', 'acme'),
      hook.run('create', 'globex'),
    ]);
    onTestFinished(async () => {
      for (const id of ['acme', 'globex']) await hook.run('destroy', id);
    });
    for (const url of [
      acme.replaceAll('acme', 'globex'),
      acme.replace(/:[0-9a-f]{48}/, `:${new URL(globex).password}`),
    ]) {
      expect(server.as(url, 'db.notes.insertOne({})')).toContain('Authentication failed');
    }
  });

  it('rotates to the other user, and refuses the first one after the next rotation only', async () => {
    const { server, hook } = running();
    const { MONGODB_URL: first = '' } = await hook.run('create', 'acme');
    onTestFinished(async () => void (await hook.run('destroy', 'acme')));
    const { MONGODB_URL: second = '' } = await hook.run('rotate', 'acme', { MONGODB_URL: first });
    for (const url of [first, second]) expect(server.as(url, 'db.runCommand({ping: 1}).ok')).toBe('1\n');
    const { MONGODB_URL: third = '' } = await hook.run('rotate', 'acme', { MONGODB_URL: second });
    expect(server.as(first, '1')).toContain('Authentication failed');
    for (const url of [second, third]) expect(server.as(url, 'db.runCommand({ping: 1}).ok')).toBe('1\n');
  });

  it('measures the database, and destroys it with its users, and again', async () => {
    const { server, hook } = running();
    const before = names();
    const { MONGODB_URL: url = '' } = await hook.run('create', 'acme');
    await hook.run('rotate', 'acme', { MONGODB_URL: url });
    server.as(url, 'db.notes.insertOne({text: "x".repeat(1_000_000)})');
    expect(Number((await hook.run('size', 'acme'))['databaseBytes'])).toBeGreaterThan(1_000_000);
    await hook.run('destroy', 'acme');
    expect(names()).toBe(before);
    await hook.run('destroy', 'acme');
    expect(await hook.failure('rotate', 'acme')).toContain('create makes it');
  });
});
