import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { newTenant } from '../../../src/core/tenants/tenant.ts';
import { SERVICE, settle, type World, world } from '../fakes.ts';

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
  expect(made.tenants.list()).toEqual([newTenant('acme', bornAtMs)]);
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

describe('registrations and deletions that come at once', () => {
  const verb = fc.record({
    what: fc.constantFrom('spawn', 'spawn', 'purge', 'purge', 'rm'),
    service: fc.constantFrom('api', 'api', 'web'),
    tenantId: fc.constantFrom('acme', 'acme', 'globex'),
    /** What is done before the next verb comes: nothing, what waits for no file, or all of it. */
    before: fc.constantFrom('nothing', 'steps', 'all'),
  });

  const ask = (
    { supervisor }: World,
    { what, service, tenantId }: { what: string; service: string; tenantId: string },
  ) =>
    what === 'spawn'
      ? supervisor.spawn(service, tenantId, { start: false })
      : supervisor.remove(`${service}:${tenantId}`, { purge: what === 'purge' });

  it('never delete the directory of a tenant that has an instance, and leave the registry as it is served', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(verb, { minLength: 8, maxLength: 16 }), async (scheduler, verbs) => {
        const made = twoServices();
        const instancesOf = (tenantId: string) =>
          [...made.saved.keys()].filter((name) => name.endsWith(`:${tenantId}`));
        made.deleteTenantDir = async (tenantId) => {
          expect(instancesOf(tenantId)).toEqual([]);
          await scheduler.schedule(Promise.resolve());
          expect(instancesOf(tenantId)).toEqual([]);
        };
        made.removeLogs = () => scheduler.schedule(Promise.resolve());
        const asked: Promise<unknown>[] = [];
        for (const one of verbs) {
          asked.push(ask(made, one).catch((error) => expect(error).toMatchObject({ code: 'unknown_tenant' })));
          if (one.before === 'steps') await settle();
          if (one.before === 'all') await scheduler.waitFor(Promise.all(asked));
        }
        await scheduler.waitFor(Promise.all(asked));
        const served = made.supervisor.list().map(({ instance }) => instance);
        expect(served).toEqual([...made.saved.keys()].toSorted());
        const withInstances = ['acme', 'globex'].filter((id) => instancesOf(id).length > 0);
        expect(recorded(made)).toEqual(expect.arrayContaining(withInstances));
      }),
      { numRuns: 100 },
    );
  });
});

it('a purge keeps the directory while a service that the config has no more has an instance there', async () => {
  const made = twoServices();
  const deleted: string[] = [];
  made.deleteTenantDir = async (tenantId) => void deleted.push(tenantId);
  for (const service of ['api', 'web']) await made.supervisor.spawn(service, 'acme', { start: false });
  made.supervisor.apply(made.config);
  await made.supervisor.remove('api:acme', { purge: true });
  expect([deleted, recorded(made), [...made.saved.keys()]]).toEqual([[], ['acme'], ['web:acme']]);
});
