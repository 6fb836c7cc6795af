// Tests of the sign-up route, with a hypervisor that leaves nothing behind. Run them with `node --test`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import { Hypervisor } from 'tenement';
import { startServer } from './server.js';

let hypervisor;
let app;

before(async () => {
  hypervisor = await Hypervisor.temporary({ file: `${import.meta.dirname}/tenement.toml` });
  app = await startServer(hypervisor, 0);
});

after(async () => {
  await app?.close();
  await hypervisor?.close({ drainTimeoutMs: 0 });
});

const signUp = (company) => app.inject({ method: 'POST', path: '/signup', body: { company } });

async function statusOf(host) {
  const { port } = app.server.address();
  const [response] = await once(get({ port, path: '/health', agent: false, headers: { host } }), 'response');
  response.resume();
  return response.statusCode;
}

test('a customer who signs up has an application', async () => {
  assert.equal((await signUp('acme')).statusCode, 201);
  assert.equal(hypervisor.getInstance('notes:acme').state, 'ready');
  assert.equal(await statusOf('acme.localhost'), 200);
});

test('a request wakes an application that sleeps', async () => {
  await signUp('globex');
  await hypervisor.sleep('notes:globex');
  assert.equal(await statusOf('globex.localhost'), 200);
  assert.equal(hypervisor.events.list({ type: 'woke' }).length, 1);
});

test('a name that no host can have is refused', async () => {
  const response = await signUp('No!');
  assert.equal(response.statusCode, 400);
  assert.equal(response.json().code, 'bad_id');
  assert.deepEqual(hypervisor.list({ tenant: 'no' }), []);
});
