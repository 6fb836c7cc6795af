import { expect, it } from 'vitest';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { SERVICE, type World, world } from '../fakes.ts';

/** A world with the services `api` and `web`. */
function twoServices(): World {
  const made = world();
  const web: ServiceConfig = { ...SERVICE, name: 'web', socket: '/web-{id}' };
  made.supervisor.apply({ ...made.config, services: new Map([SERVICE, web].map((one) => [one.name, one])) });
  return made;
}

const recorded = (made: World) => made.tenants.list().map(({ id }) => id);

it('a tenant has a record from its first instance on, whose date stays', async () => {
  const made = twoServices();
  const bornAtMs = made.clock.nowMs();
  await made.supervisor.spawn('api', 'acme', { start: false });
  await made.clock.advance(1000);
  await made.supervisor.spawn('web', 'acme', { start: false });
  expect(made.tenants.list()).toEqual([{ id: 'acme', createdAtMs: bornAtMs, uid: null }]);
});

it('a tenant keeps its record while its directory is kept, and loses it with the directory', async () => {
  const made = twoServices();
  for (const service of ['api', 'web']) await made.supervisor.spawn(service, 'acme', { start: false });
  await made.supervisor.remove('api:acme', { purge: true });
  expect(recorded(made)).toEqual(['acme']);
  await made.supervisor.remove('web:acme');
  expect(recorded(made)).toEqual(['acme']);
  await made.supervisor.spawn('api', 'acme', { start: false });
  await made.supervisor.remove('api:acme', { purge: true });
  expect(recorded(made)).toEqual([]);
});

it('an instance that is known already, and a wake, write no change of its tenant', async () => {
  const made = world();
  await made.supervisor.spawn('api', 'acme', { start: false });
  const before = made.tenants.changes.length;
  void made.supervisor.spawn('api', 'acme', { wait: false });
  void made.supervisor.claim('api:acme', new AbortController().signal);
  expect(made.tenants.changes).toHaveLength(before);
});
