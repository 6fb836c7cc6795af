import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLI } from '../../../../src/core/access/actor.ts';
import type { ServiceConfig } from '../../../../src/core/service/service.ts';
import { newTenant } from '../../../../src/core/tenants/tenant.ts';
import { ready, SERVICE, settle, type World, world } from '../../fakes.ts';

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
    /** The work done before the next verb comes: nothing, everything without files, or all of it. */
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

describe('the directory of a new tenant', () => {
  /** A world in which directories are made when the test says so. */
  function slow(): { made: World; finish: (uid: number | null) => void } {
    const made = world();
    const { promise, resolve } = Promise.withResolvers<number | null>();
    made.createTenantDir = () => promise;
    return { made, finish: resolve };
  }

  it('is made after the registration is written, and before anything starts', async () => {
    const { made, finish } = slow();
    const spawned = made.supervisor.spawn('api', 'acme');
    await settle();
    expect([made.saved.size, recorded(made), made.launched]).toEqual([1, ['acme'], []]);
    expect(made.tenants.unfinished()).toMatchObject([
      { tenantId: 'acme', operation: { kind: 'register', step: 'directory', service: 'api' } },
    ]);
    finish(200_007);
    await settle();
    expect(made.launched).toHaveLength(1);
    made.processes.at(-1)?.becomeReady();
    await spawned;
    expect(made.tenants.list()).toMatchObject([{ id: 'acme', uid: 200_007 }]);
    expect(made.tenants.unfinished()).toEqual([]);
  });

  it('is waited for by a second spawn; meanwhile requests get `provisioning`, and so does a start', async () => {
    const { made, finish } = slow();
    const first = made.supervisor.spawn('api', 'acme');
    const second = made.supervisor.spawn('api', 'acme');
    await settle();
    const signal = new AbortController().signal;
    expect(made.supervisor.claim('api:acme', signal)).toEqual({ refused: 'provisioning', retryAfterS: 1 });
    expect(made.supervisor.grant('api:acme')).toBeNull();
    await expect(made.supervisor.start('api:acme')).rejects.toMatchObject({ code: 'provisioning', httpStatus: 503 });
    expect(made.launched).toEqual([]);
    finish(null);
    await settle();
    made.processes.at(-1)?.becomeReady();
    expect([(await first).created, (await second).created]).toEqual([true, false]);
    expect(made.launched).toHaveLength(1);
    expect(made.supervisor.claim('api:acme', signal)).toMatchObject({ instance: 'api:acme' });
  });

  it('that cannot be made ends the registration, and each start says why it fails', async () => {
    const made = world();
    made.createTenantDir = () => Promise.reject(new Error('no user id is left'));
    made.failLaunch = 'no user id is left';
    const { view } = await made.supervisor.spawn('api', 'acme');
    expect(view).toMatchObject({ state: 'backoff', lastExit: { detail: 'no user id is left' } });
    expect(made.tenants.unfinished()).toEqual([]);
  });

  it('is not made again for a second service, and is for a tenant whose instances were all unregistered', async () => {
    const made = twoServices();
    const asked: string[] = [];
    made.createTenantDir = async (tenantId) => {
      asked.push(tenantId);
      return null;
    };
    for (const service of ['api', 'web']) await made.supervisor.spawn(service, 'acme', { start: false });
    expect(asked).toEqual(['acme']);
    for (const service of ['api', 'web'] as const) await made.supervisor.remove(`${service}:acme`);
    await made.supervisor.spawn('web', 'acme', { start: false });
    expect(asked).toEqual(['acme', 'acme']);
  });

  it('whose end cannot be written leaves the registration to the next server', async () => {
    const made = world();
    made.createTenantDir = async () => {
      made.failSave = true;
      return 200_007;
    };
    await made.supervisor.spawn('api', 'acme', { start: false });
    made.failSave = false;
    expect(made.tenants.unfinished()).toHaveLength(1);
    const next = world({}, {}, { records: [...made.saved.values()] });
    next.tenants.operations.set('acme', { kind: 'register', step: 'directory', startedAtMs: 1, service: 'api' });
    next.createTenantDir = async () => 200_007;
    await next.supervisor.open();
    expect([next.tenants.unfinished(), next.tenants.get('acme')?.uid]).toEqual([[], 200_007]);
    await ready(next);
  });
});

describe('a template that cannot be copied', () => {
  /** A world with a template, whose copy fails until the test says otherwise. */
  function failing(): World {
    const made = world();
    const skeleton = { dir: '/skel', render: [], replace: [] };
    made.supervisor.apply({ ...made.config, tenants: { ...made.config.tenants, skeleton } });
    made.createTenantDir = () => Promise.reject(new Error('a link leads out of the template'));
    return made;
  }

  it('keeps the tenant from running, and is tried again', async () => {
    const made = failing();
    await expect(made.supervisor.spawn('api', 'acme')).rejects.toMatchObject({
      code: 'provisioning_failed',
      message: 'acme cannot be set up: a link leads out of the template',
    });
    expect(made.supervisor.tenants.get('acme').state).toBe('provisioning');
    expect(made.supervisor.claim('api:acme', new AbortController().signal)).toMatchObject({ refused: 'provisioning' });
    expect((await made.supervisor.spawn('api', 'acme', { wait: false })).view.state).toBe('stopped');
    expect(made.tenants.unfinished()).toHaveLength(1);
    made.createTenantDir = async () => 200_007;
    await made.clock.advance(10_000);
    expect(made.supervisor.tenants.get('acme').state).toBe('active');
    expect([made.tenants.unfinished(), made.tenants.get('acme')?.uid, made.launched]).toEqual([[], 200_007, []]);
    await ready(made);
  });

  it('is tried at once when an operator asks for it', async () => {
    const made = failing();
    await made.supervisor.spawn('api', 'acme').catch(() => {});
    const verbs = made.supervisor.tenants.by(CLI);
    expect((await verbs.provision('acme')).state).toBe('provisioning');
    made.createTenantDir = async () => null;
    expect((await verbs.provision('acme')).state).toBe('active');
  });

  it('keeps no server from starting', async () => {
    const before = failing();
    await before.supervisor.spawn('api', 'acme').catch(() => {});
    const made = failing();
    for (const record of before.tenants.list()) made.tenants.records.set(record.id, record);
    for (const { tenantId, operation } of before.tenants.unfinished()) made.tenants.operations.set(tenantId, operation);
    await made.supervisor.open();
    expect(made.supervisor.tenants.get('acme').state).toBe('provisioning');
    await made.supervisor.close();
  });
});
