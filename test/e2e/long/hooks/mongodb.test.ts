/**
 * The hook for MongoDB's protocol, with SecantusDB, which has MongoDB's users and roles, and with FerretDB, which has none.
 * MongoDB itself is in no registry that the tests may install from.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { FerretDb } from '../../../databases/ferretdb.ts';
import { describeWith, FERRETDB, MONGOSH, SECANTUSDB } from '../../../databases/programs.ts';
import { SecantusDb } from '../../../databases/secantusdb.ts';
import { shared } from '../../support.ts';
import { Hook } from './hook.ts';

const UNAUTHORIZED = /^Unauthorized not authorized/;

/** What a tenant tries with `other`, the neighbour's database. */
const ATTEMPTS = {
  'read from the neighbour': 'other.notes.findOne()',
  'count what the neighbour has': 'other.notes.countDocuments()',
  'aggregate over the neighbour': 'other.notes.aggregate([]).toArray()',
  'write to the neighbour': 'other.notes.insertOne({})',
  'change what is the neighbour’s': 'other.notes.updateOne({}, {$set: {text: "ours"}})',
  'delete what is the neighbour’s': 'other.notes.deleteMany({})',
  'put a result into the neighbour': 'db.notes.aggregate([{$out: {db: "tenant_globex", coll: "notes"}}]).toArray()',
  'merge a result into the neighbour':
    'db.notes.aggregate([{$merge: {into: {db: "tenant_globex", coll: "notes"}}}]).toArray()',
  'drop a collection of the neighbour': 'other.notes.drop()',
  'drop the database of the neighbour': 'other.dropDatabase()',
  'take a collection of the neighbour':
    'db.adminCommand({renameCollection: "tenant_globex.notes", to: "tenant_acme.stolen"})',
  'make an index at the neighbour': 'other.notes.createIndex({text: 1})',
  'list the collections of the neighbour': 'other.getCollectionNames()',
  'measure the neighbour': 'other.stats()',
  'watch the neighbour': 'other.watch().tryNext()',
  'watch everybody': 'db.getMongo().watch().tryNext()',
  'list the users of the neighbour': 'other.getUsers()',
  'make a user at the neighbour': 'other.createUser({user: "x", pwd: "x", roles: ["readWrite"]})',
  'make a user of its own for the neighbour':
    'db.createUser({user: "x", pwd: "x", roles: [{role: "readWrite", db: "tenant_globex"}]})',
  'change the password of the neighbour': 'other.updateUser("tenant_globex_a", {pwd: "x"})',
  'give itself a role at the neighbour':
    'db.grantRolesToUser("tenant_acme_a", [{role: "readWrite", db: "tenant_globex"}])',
  'make itself an administrator': 'db.updateUser("tenant_acme_a", {roles: [{role: "root", db: "admin"}]})',
  'read the credentials': 'db.getSiblingDB("admin").system.users.findOne()',
  'read the log of changes': 'db.getSiblingDB("local").oplog.rs.findOne()',
  'list databases': 'db.adminCommand({listDatabases: 1})',
  'see what others do': 'db.adminCommand({currentOp: 1})',
  'read the log': 'db.adminCommand({getLog: "global"})',
  'change a parameter of the server': 'db.adminCommand({setParameter: 1, logLevel: 1})',
};

describeWith([SECANTUSDB, MONGOSH], 'the hook for MongoDB', () => {
  const running = shared(async (onFinished) => {
    const server = await SecantusDb.start();
    onFinished(() => server.stop());
    return { server, hook: new Hook('mongodb', { MONGODB_ADMIN_URL: server.adminUrl }) };
  });

  async function tenant(id: string): Promise<string> {
    const { hook } = running();
    const { MONGODB_URL = '' } = await hook.run('create', id);
    onTestFinished(async () => void (await hook.run('destroy', id)));
    return MONGODB_URL;
  }

  it('makes a user of a database, and keeps a password that is known', async () => {
    const { server, hook } = running();
    const url = await tenant('acme');
    expect(url).toMatch(/^mongodb:\/\/tenant_acme_a:[0-9a-f]{48}@127\.0\.0\.1:\d+\/tenant_acme$/);
    expect(server.as(url, 'db.notes.insertOne({text: "ours"}); db.notes.findOne().text')).toBe('ours\n');
    expect(await hook.run('create', 'acme', { MONGODB_URL: url })).toEqual({ MONGODB_URL: url });
    const { MONGODB_URL: renewed = '' } = await hook.run('create', 'acme');
    expect(server.as(renewed, 'db.notes.findOne().text')).toBe('ours\n');
    expect(server.as(url, 'db.notes.findOne().text')).toMatch(/authentication failed/i);
  });

  it('serves the longest id', async () => {
    const { server } = running();
    const url = await tenant('a'.repeat(63));
    expect(server.as(url, 'db.notes.insertOne({text: "ours"}); db.notes.findOne().text')).toBe('ours\n');
  });

  describe('two tenants', () => {
    const neighbours = shared(async (onFinished) => {
      const { server, hook } = running();
      const [acme = '', globex = ''] = await Promise.all(
        ['acme', 'globex'].map(async (id) => (await hook.run('create', id))['MONGODB_URL']),
      );
      onFinished(async () => {
        for (const id of ['acme', 'globex']) await hook.run('destroy', id);
      });
      server.as(globex, 'db.notes.insertOne({text: "theirs"})');
      server.as(acme, 'db.notes.insertOne({text: "ours"})');
      return { acme, globex, results: tried(server, acme) };
    });

    it.each(Object.keys(ATTEMPTS))('a tenant cannot %s', (attempt) => {
      expect(neighbours().results[attempt]).toMatch(UNAUTHORIZED);
    });

    it('the neighbour still has what it had, and no more', () => {
      const { server } = running();
      const script = 'print(JSON.stringify([db.getCollectionNames(), db.notes.find({}, {_id: 0}).toArray()]))';
      expect(JSON.parse(server.as(neighbours().globex, script))).toEqual([['notes'], [{ text: 'theirs' }]]);
    });

    it('a tenant cannot log in as its neighbour, or with a password of its neighbour', () => {
      const { server } = running();
      const { acme, globex } = neighbours();
      const asNeighbour = acme.replaceAll('acme', 'globex');
      const withItsPassword = acme.replace(/:[0-9a-f]{48}/, `:${new URL(globex).password}`);
      for (const url of [asNeighbour, withItsPassword]) {
        expect(server.as(url, 'db.notes.findOne()')).toMatch(/authentication failed/i);
      }
    });
  });

  it('rotates to the other user, and refuses the first one after the next rotation only', async () => {
    const { server, hook } = running();
    const first = await tenant('acme');
    const { MONGODB_URL: second = '' } = await hook.run('rotate', 'acme', { MONGODB_URL: first });
    const find = 'db.notes.countDocuments()';
    for (const url of [first, second]) expect(server.as(url, find)).toBe('0\n');
    const { MONGODB_URL: third = '' } = await hook.run('rotate', 'acme', { MONGODB_URL: second });
    expect(server.as(first, find)).toMatch(/authentication failed/i);
    for (const url of [second, third]) expect(server.as(url, find)).toBe('0\n');
  });

  it('refuses a rotated password once it is old', async () => {
    const { server, hook } = running();
    const first = await tenant('acme');
    const known = await hook.run('rotate', 'acme', { MONGODB_URL: first });
    const find = 'db.notes.countDocuments()';
    expect(await hook.run('size', 'acme', known)).toHaveProperty('databaseBytes');
    expect(server.as(first, find)).toBe('0\n');
    const long = '{$set: {at: new Date(Date.now() - 601_000)}}';
    server.admin(`db.getSiblingDB("tenement").tenant_acme.updateOne({}, ${long})`);
    await hook.run('size', 'acme', known);
    expect(server.as(first, find)).toMatch(/authentication failed/i);
    expect(server.as(known['MONGODB_URL'] ?? '', find)).toBe('0\n');
  });

  it('destroys the database with its users, and again', async () => {
    const { server, hook } = running();
    const { MONGODB_URL: url = '' } = await hook.run('create', 'acme');
    await hook.run('rotate', 'acme', { MONGODB_URL: url });
    server.as(url, 'db.notes.insertOne({text: "x"})');
    expect(server.names('acme')).toEqual(['tenant_acme', 'tenant_acme_a', 'tenant_acme_b', 'tenement']);
    await hook.run('destroy', 'acme');
    expect(server.names('acme')).toEqual([]);
    await hook.run('destroy', 'acme');
    expect(await hook.failure('rotate', 'acme')).toContain('create makes it');
  });
});

/** Makes all attempts in one session. @returns what came of each */
function tried(server: SecantusDb, url: string): Record<string, string> {
  const attempts = Object.entries(ATTEMPTS).map(([title, code]) => `[${JSON.stringify(title)}, () => ${code}]`);
  const script = `const other = db.getSiblingDB("tenant_globex")
    const tried = (attempt) => { try { return JSON.stringify(attempt()) } catch (error) { return error.codeName + " " + error.message } }
    print(JSON.stringify(Object.fromEntries([${attempts}].map(([title, attempt]) => [title, tried(attempt)]))))`;
  return JSON.parse(server.as(url, script));
}

describeWith([FERRETDB, MONGOSH], 'the hook for MongoDB, with a server that has no roles', () => {
  const running = shared(async (onFinished) => {
    const server = await FerretDb.start();
    onFinished(() => server.stop());
    return { server, variables: { MONGODB_ADMIN_URL: server.adminUrl, MONGODB_ROLES: '' } };
  });

  it('refuses a server that does not separate its users, unless that is accepted, and measures what is stored', async () => {
    const { server, variables } = running();
    const hook = new Hook('mongodb', variables);
    onTestFinished(async () => void (await hook.run('destroy', 'acme')));
    expect(await hook.failure('create', 'acme')).toContain('lets a user read every database');
    expect(await hook.failure('rotate', 'acme')).toContain('create makes it');
    const lax = new Hook('mongodb', { ...variables, MONGODB_UNSEPARATED: '1' });
    const { MONGODB_URL: url = '' } = await lax.run('create', 'acme');
    server.as(url, 'db.notes.insertOne({text: "x".repeat(1_000_000)})');
    expect(Number((await hook.run('size', 'acme'))['databaseBytes'])).toBeGreaterThan(1_000_000);
  });

  it('asks for the role readWrite, which this server does not know', async () => {
    const { MONGODB_ROLES: _none, ...variables } = running().variables;
    expect(await new Hook('mongodb', variables).failure('create', 'acme')).toMatch(/"roles".*is not implemented/);
  });
});
