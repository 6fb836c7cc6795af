import { once } from 'node:events';
import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import type { Need } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

const LOGIN = { email: 'ada@example.com', password: 'correct horse' };
const COLLECTION = {
  collection: 'notes',
  schema: {},
  meta: {},
  fields: [
    { field: 'id', type: 'integer', schema: { is_primary_key: true, has_auto_increment: true }, meta: {} },
    { field: 'text', type: 'string', schema: {}, meta: {} },
  ],
};
/** The native modules are built for the Node that installs them. */
const NODE_OF_SYSTEM: Need = {
  test: 'test -x /usr/bin/node && test -x /usr/bin/npm && command -v c++',
  remedy: 'Node with npm in /usr/bin, apt-get install g++ make python3',
};

async function logIn(tenant: Tenant): Promise<string> {
  const { data } = await tenant.json<{ data: { access_token: string } }>('POST', '/auth/login', LOGIN);
  return data.access_token;
}

tryApplication({
  name: 'directus',
  needs: [NODE_OF_SYSTEM],

  env: (tenantId) => [`SECRET=a secret of ${tenantId} alone`],

  async prepare(tenant) {
    const words = [`ADMIN_EMAIL=${LOGIN.email}`, `ADMIN_PASSWORD=${LOGIN.password}`];
    await tenant.exec('env', ...words, '/usr/bin/node', 'node_modules/directus/cli.js', 'bootstrap');
  },

  async use(tenant) {
    const token = await logIn(tenant);
    const authorization = { authorization: `Bearer ${token}` };
    await tenant.json('POST', '/collections', COLLECTION, authorization);
    const live = await tenant.webSocket(`/websocket?access_token=${token}`);
    const answer = once(live, 'message');
    live.send(JSON.stringify({ type: 'items', collection: 'notes', action: 'create', data: { text: 'only acme' } }));
    expect(JSON.parse(String((await answer)[0]))).toMatchObject({ type: 'items', data: { text: 'only acme' } });
    live.close();
    await once(live, 'close');
  },

  async has(tenant) {
    const authorization = `Bearer ${await logIn(tenant)}`;
    const { status, body } = await tenant.ask('/items/notes', { headers: { authorization } });
    return status === 200 && body.includes('only acme');
  },
});
