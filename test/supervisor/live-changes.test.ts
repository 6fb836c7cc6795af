import { expect, it } from 'vitest';
import { CLI } from '../../src/core/access/actor.ts';
import { granted, here, ready, settle, type World, world } from './fakes.ts';

function watched(made: World) {
  const told: string[] = [];
  const unwatch = made.supervisor.live.watch((name) => void told.push(name));
  /** Returns the names that were told since the last call, each once. */
  const news = () => [...new Set(told.splice(0))].sort();
  return { told, news, unwatch };
}

it('tells of an instance and its tenant that are registered, started and removed', async () => {
  const made = world();
  const { news } = watched(made);
  await made.supervisor.spawn('api', 'acme', { start: false });
  expect(news()).toEqual(['acme', 'api:acme']);
  const started = made.supervisor.start('api:acme');
  await settle();
  expect(news()).toContain('api:acme');
  made.processes.at(-1)?.becomeReady();
  await started;
  await settle();
  expect(news()).toContain('api:acme');
  const removed = made.supervisor.remove('api:acme');
  await settle();
  made.processes.at(-1)?.exit(0);
  await removed;
  expect(news()).toContain('api:acme');
  expect(made.supervisor.live.instanceNames()).toEqual([]);
  expect(made.supervisor.live.instances(['api:acme'])).toEqual([]);
});

it('tells of requests within a second, once for many', async () => {
  const made = world();
  await ready(made);
  await made.clock.advance(1000);
  const { told } = watched(made);
  for (let count = 0; count < 100; count += 1) granted(await made.supervisor.claim('api:acme', here()));
  expect(told).toEqual([]);
  await made.clock.advance(1000);
  expect(told).toEqual(['api:acme']);
  expect(made.supervisor.live.instances(['api:acme'])).toMatchObject([{ requests: 100, inFlight: 100 }]);
});

it('tells of a tenant whose plan, labels or state change', async () => {
  const made = world();
  await made.supervisor.spawn('api', 'acme', { start: false });
  const { news } = watched(made);
  const tenants = made.supervisor.tenants.by(CLI);
  await tenants.set('acme', { labels: { tier: 'gold' } });
  expect(news()).toEqual(['acme']);
  await tenants.stop('acme');
  expect(news()).toContain('acme');
  expect(made.supervisor.live.tenants(['acme', 'nobody'])).toMatchObject([{ id: 'acme', state: 'stopped' }]);
});

it('wakes nothing, and keeps no runner for a sleeper that is looked at', async () => {
  const made = world();
  for (const id of ['acme', 'globex']) await made.supervisor.spawn('api', id, { start: false });
  const { live } = made.supervisor;
  const { told } = watched(made);
  expect(live.instances(live.instanceNames()).map(({ state }) => state)).toEqual(['asleep', 'asleep']);
  expect(live.tenants(live.tenantIds())).toHaveLength(2);
  await settle();
  expect([made.processes, told]).toEqual([[], []]);
});

it('tells nobody who has left', async () => {
  const made = world();
  const { told, unwatch } = watched(made);
  unwatch();
  await made.supervisor.spawn('api', 'acme', { start: false });
  expect(told).toEqual([]);
});
