import { expect, it } from 'vitest';
import { warningsOf } from '../../../src/config/problems/warnings.ts';
import { configSchema } from '../../../src/config/schema.ts';

const warnings = (service: object) =>
  warningsOf(configSchema.parse({ service: { api: { command: 'app', ...service } } }));

it.each([
  ['a variable that a shell would fill in', { command: 'app --port $PORT' }, 'no shell expands $PORT; write {port}'],
  ['one of its own', { command: 'app $HOME/x' }, 'no shell expands $HOME; write a template, or its value'],
  ['an assignment before the command', { command: 'DEBUG=1 app' }, 'sets DEBUG; set it in [service.api.env]'],
  ['a directory for all tenants', { command: 'app --data {data_dir}' }, 'every tenant gets the same {data_dir}'],
  ['one in a variable', { env: { DB: '{data_dir}/app.db' } }, 'service.api.env.DB: every tenant gets the same'],
  ['a variable that tenement sets', { env: { TENANT_ID: 'x' } }, 'tenement sets this itself'],
])('warns of %s', (_name, service, expected) => {
  expect(warnings(service)).toEqual([expect.stringContaining(expected)]);
});

it.each([
  ['a shell that is meant', { command: ['sh', '-c', 'A=1 exec app $PORT'] }],
  [
    "a tenant's own directory",
    { command: 'app {data_dir}/{id} {tenant_dir}/x', env: { DB: '{data_dir}/{id}/app.db' } },
  ],
  ['an option with a value', { command: 'app --name=x' }],
])('does not warn of %s', (_name, service) => {
  expect(warnings(service)).toEqual([]);
});

it.each([
  ['listed', { api: ['a', 'b'] }, true],
  ['listed in a table', { api: { ids: ['a', 'b'] } }, true],
  ['only registered', { api: { ids: ['a', 'b'], start: false } }, false],
  ['as many as may run', { api: ['a'] }, false],
])('more that never sleep than may run: %s', (_how, instances, isTold) => {
  const service = { api: { command: 'app', idle_timeout: '0s' } };
  const told = warningsOf(configSchema.parse({ settings: { max_running: 1 }, service, instances }));
  expect(told).toEqual(
    isTold ? [expect.stringMatching(/^instances: 2 instances with idle_timeout = 0 .*max_running = 1/)] : [],
  );
});
