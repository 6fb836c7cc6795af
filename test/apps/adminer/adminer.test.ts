import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { debianPackage, program } from '../needs.ts';
import type { Tenant } from '../tenant.ts';
import { field } from '../visitor.ts';

const PASSWORD = 'correct horse';
/** The password_hash() of that password. */
const HASH = '$2y$10$Mpb8U9toLp7hWqNUwbY5yOHFQ1cVdy5RGbPcj0QOwLnVerkFnaZEi';

const home = (tenant: Tenant) => `/?${new URLSearchParams({ sqlite: '', username: '', db: databaseOf(tenant) })}`;
const databaseOf = (tenant: Tenant) => `${tenant.server.dataDir}/${tenant.id}/shop.db`;

async function sql(tenant: Tenant, query: string): Promise<void> {
  const path = `${home(tenant)}&sql=`;
  const token = field((await tenant.get(path)).body, 'token');
  const { body } = await tenant.postForm(path, { query, token, limit: '', error_stops: '1' });
  expect(body).toContain('Query executed OK');
}

tryApplication({
  name: 'adminer',
  needs: [
    program('lighttpd', 'lighttpd'),
    program('php-cgi', 'php-cgi'),
    ...['adminer', 'php-sqlite3'].map(debianPackage),
  ],
  env: () => [`ADMINER_PASSWORD_HASH=${HASH}`],

  async prepare(tenant) {
    await tenant.exec('sh', '-c', 'touch "$DATA_DIR/shop.db"');
    await tenant.get('/');
    const login = { driver: 'sqlite', server: '', username: '', password: PASSWORD, db: databaseOf(tenant) };
    const fields = Object.fromEntries(Object.entries(login).map(([name, value]) => [`auth[${name}]`, value]));
    const answer = await tenant.postForm('/', fields);
    expect(answer.status, answer.body).toBe(302);
    expect((await tenant.get(home(tenant))).body).toContain('Logout');
  },

  async use(tenant) {
    await sql(tenant, 'CREATE TABLE article (name TEXT)');
    await sql(tenant, "INSERT INTO article VALUES ('only acme')");
  },

  async has(tenant) {
    const { body } = await tenant.get(`${home(tenant)}&select=article`);
    expect(body, 'the login lasts').toContain('Logout');
    return body.includes('only acme');
  },
});
