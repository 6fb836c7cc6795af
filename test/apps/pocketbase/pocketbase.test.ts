import { expect } from 'vitest';
import { eventStream } from '../../e2e/clients.ts';
import { tryApplication } from '../frame.ts';
import { GO } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

const ADMIN = { identity: 'ada@example.com', password: 'correct horse' };
const COLLECTION = {
  name: 'notes',
  type: 'base',
  listRule: '',
  viewRule: '',
  fields: [{ name: 'text', type: 'text' }],
};
const RECORDS = '/api/collections/notes/records';

async function logIn(tenant: Tenant): Promise<{ authorization: string }> {
  const path = '/api/collections/_superusers/auth-with-password';
  const { token } = await tenant.json<{ token: string }>('POST', path, ADMIN);
  return { authorization: token };
}

tryApplication({
  name: 'pocketbase',
  needs: [GO],

  async prepare(tenant) {
    const command = `bin/base superuser create ${ADMIN.identity} "${ADMIN.password}" --dir "$DATA_DIR/pb_data"`;
    await tenant.exec('sh', '-c', command);
  },

  async use(tenant) {
    const asAdmin = await logIn(tenant);
    await tenant.json('POST', '/api/collections', COLLECTION, asAdmin);
    const { clientId, told, close } = await subscribe(tenant);
    await tenant.json('POST', '/api/realtime', { clientId, subscriptions: ['notes/*'] });
    await tenant.json('POST', RECORDS, { text: 'only acme' }, asAdmin);
    expect(await told()).toMatchObject({ action: 'create', record: { text: 'only acme' } });
    close();
    // Sleep ends an instance with an open stream instead of suspending it.
    await expect.poll(async () => (await tenant.view()).openStreams).toBe(0);
  },

  async has(tenant) {
    const { status, body } = await tenant.ask(RECORDS);
    return status === 200 && body.includes('only acme');
  },
});

/** Subscribes to real-time messages over server-sent events. */
async function subscribe(tenant: Tenant) {
  const stream = await eventStream(tenant.server.proxyPort, tenant.host, '/api/realtime');
  const { clientId } = (await stream.next('PB_CONNECT')) as { clientId: string };
  return { clientId, told: () => stream.next('notes/*'), close: () => stream.close() };
}
