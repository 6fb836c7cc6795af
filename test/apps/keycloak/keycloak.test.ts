import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { JAVA } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

const ADMIN = { username: 'ada', password: 'correct horse' };
const REALM = '/realms/only-acme';

async function logIn(tenant: Tenant): Promise<{ authorization: string }> {
  const fields = { grant_type: 'password', client_id: 'admin-cli', ...ADMIN };
  const { status, body } = await tenant.postForm('/realms/master/protocol/openid-connect/token', fields);
  expect(status, body).toBe(200);
  return { authorization: `Bearer ${JSON.parse(body).access_token}` };
}

tryApplication({
  name: 'keycloak',
  needs: [JAVA],

  env: () => [`KC_BOOTSTRAP_ADMIN_USERNAME=${ADMIN.username}`, `KC_BOOTSTRAP_ADMIN_PASSWORD=${ADMIN.password}`],

  async use(tenant) {
    await tenant.json('POST', '/admin/realms', { realm: 'only-acme', enabled: true }, await logIn(tenant));
    const { issuer } = await tenant.json<{ issuer: string }>('GET', `${REALM}/.well-known/openid-configuration`);
    expect(issuer).toBe(`${tenant.origin}${REALM}`);
  },

  async has(tenant) {
    const { status } = await tenant.ask(REALM);
    expect([200, 404]).toContain(status);
    return status === 200;
  },
});
