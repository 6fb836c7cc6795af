/** examples/mongodb: two tenants of one server with roles; and each with a FerretDB of its own in front of PostgreSQL. */
import { expect, it } from 'vitest';
import { debianPackage } from '../../../apps/needs.ts';
import { POSTGRES, Postgres } from '../../../databases/postgres.ts';
import { describeWith, FERRETDB, MONGOSH, PSQL, SECANTUSDB } from '../../../databases/programs.ts';
import { SecantusDb } from '../../../databases/secantusdb.ts';
import { freePort } from '../../../ports.ts';
import { shared } from '../../support.ts';
import type { TestServer } from '../../test-server.ts';
import { follow, inside, meters, rotateUnderLoad, serveExample } from './example.ts';

const PYMONGO = debianPackage('python3-pymongo');

/** Creates both tenants, and rotates a secret of the one under load. */
async function liveThroughRotation(server: TestServer, secret: string): Promise<void> {
  for (const id of ['acme', 'globex']) expect(await server.cli('tenant', 'create', id)).toMatchObject({ status: 0 });
  const add = (id: string, name: string) => server.get(`${id}.localhost`, '/', { method: 'POST', body: name });
  await add('globex', 'theirs');
  let count = 0;
  const { statuses, failures } = await rotateUnderLoad(server, {
    instance: 'contacts:acme',
    secret,
    ask: () => {
      count += 1;
      return add('acme', `contact ${count}`);
    },
  });
  expect({ statuses, failures }).toEqual({ statuses: { 201: count }, failures: [] });
  expect(new Set((await server.get('acme.localhost')).body.trim().split('\n')).size).toBe(count);
  expect((await server.get('globex.localhost')).body).toBe('theirs\n');
  expect(await meters(server, 'globex')).toEqual(['databaseBytes']);
}

async function removeBoth(server: TestServer): Promise<void> {
  for (const id of ['acme', 'globex'])
    expect(await server.cli('tenant', 'rm', id, '--purge', '--yes')).toMatchObject({ status: 0 });
}

describeWith([SECANTUSDB, MONGOSH, PYMONGO], 'the example mongodb', () => {
  const running = shared(async (onFinished) => {
    const database = await SecantusDb.start();
    onFinished(() => database.stop());
    const env = { MONGODB_ADMIN_URL: database.adminUrl };
    return { database, server: await serveExample('mongodb/tenement.toml', env, onFinished) };
  });

  it('does what its README says', async () => {
    const { server, database } = running();
    await follow('examples/mongodb/README.md', server, { 'localhost:27017': `127.0.0.1:${database.port}` });
  });

  it('rotates the user without a failed request or a lost contact, is measured, and leaves nothing', async () => {
    const { server, database } = running();
    await liveThroughRotation(server, 'MONGODB_URL');
    await removeBoth(server);
    expect(database.names('acme', 'globex')).toEqual([]);
  });
});

describeWith([FERRETDB, POSTGRES, PSQL, PYMONGO], 'the example mongodb with a FerretDB for each tenant', () => {
  const running = shared(async (onFinished) => {
    const postgres = new Postgres({ port: await freePort() });
    postgres.start();
    onFinished(() => postgres.stop());
    return { postgres, server: await serveExample('mongodb/ferretdb.toml', postgres.adminEnv, onFinished) };
  });

  /** Asks a tenant's FerretDB for its databases, from inside acme. `login`: Python, of acme's own `login`. */
  const databasesOf = (id: string, login = 'login + "@"') => {
    const script = `import os, pymongo, urllib.parse
login = os.environ["DATABASE_URL"].split("//")[1].split("@")[0]
socket = os.path.join(os.path.dirname(os.environ["DATA_DIR"]), "${id}", "ferretdb.sock")
options = "/?authMechanism=PLAIN" if ${login} else ""
url = "mongodb://" + ${login} + urllib.parse.quote(socket, safe="") + options
print(pymongo.MongoClient(url).list_database_names())`;
    return inside(running().server, 'contacts:acme', script);
  };

  it('rotates the login without a failed request; PostgreSQL refuses each tenant the other’s database; nothing is left', async () => {
    const { server, postgres } = running();
    await liveThroughRotation(server, 'DATABASE_URL');
    expect(await databasesOf('acme')).toBe("['app']");
    // Its login at the neighbour's server, its password with the neighbour's name, and no login at all.
    expect(await databasesOf('globex')).toContain('permission denied for database "tenant_globex"');
    expect(await databasesOf('globex', 'login.replace("acme", "globex") + "@"')).toContain(
      'password authentication failed for user "tenant_globex_',
    );
    expect(await databasesOf('globex', '""')).toContain('password authentication failed');
    await removeBoth(server);
    const names = postgres.query('SELECT datname FROM pg_database', 'SELECT rolname FROM pg_roles');
    expect(names).not.toContain('tenant_');
  });
});
