import { describe, expect, it } from 'vitest';
import { CLI } from '../../../src/core/access/actor.ts';
import type { Plan } from '../../../src/core/plans/plan.ts';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { planNamed } from '../../plans.ts';
import { SERVICE, settle, type World, world } from '../fakes.ts';

const PLANS = [
  planNamed('free', { maxInstances: 1, limits: { memoryLimitBytes: 1024 ** 2 } }),
  planNamed('pro', { features: ['sso'] }),
];

/** A world with the services `api` (the default) and `web`, and with plans of which the first is the default. */
function made(service: Partial<ServiceConfig> = {}, plans: readonly Plan[] = PLANS) {
  const one = world(service);
  const web: ServiceConfig = { ...SERVICE, ...service, name: 'web', socket: '/web-{id}' };
  one.supervisor.apply({
    ...one.config,
    proxy: { ...one.config.proxy, defaultService: 'api' },
    services: new Map([{ ...SERVICE, ...service }, web].map((each) => [each.name, each])),
    plans: new Map(plans.map((plan) => [plan.name, plan])),
    tenants: { ...one.config.tenants, defaultPlan: plans[0]?.name ?? null },
  });
  return { ...one, made: one, tenants: one.supervisor.tenants.by(CLI), get: one.supervisor.tenants.get };
}

/** Settles a verb that starts processes, each of which becomes ready. */
async function withReady<Value>({ processes }: Pick<World, 'processes'>, verb: Promise<Value>): Promise<Value> {
  let over = false;
  const done = verb.finally(() => {
    over = true;
  });
  while (!over) {
    for (const process of processes) process.becomeReady();
    await settle();
  }
  return done;
}

const signal = () => new AbortController().signal;
const claim = ({ supervisor }: Pick<World, 'supervisor'>, name: 'api:acme' | 'web:acme' = 'api:acme') =>
  supervisor.claim(name, signal());
const states = ({ supervisor }: Pick<World, 'supervisor'>) =>
  supervisor.list().map(({ instance, state }) => `${instance} ${state}`);

describe('create', () => {
  it('registers a tenant with its terms and starts the default service', async () => {
    const it = made();
    const asked = { plan: 'pro', expires: '30d', labels: { region: 'eu' }, env: { A: '1' } };
    const { view, created, instances } = await withReady(it, it.tenants.create('acme', asked));
    expect(created).toBe(true);
    expect(view).toMatchObject({
      id: 'acme',
      state: 'active',
      plan: 'pro',
      labels: { region: 'eu' },
      variables: ['A'],
      instances: ['api:acme'],
    });
    expect(instances).toMatchObject([{ instance: 'api:acme', state: 'ready' }]);
    expect(it.launched.at(-1)?.service).toMatchObject({ ownEnv: { A: '1' }, plan: { name: 'pro' } });
  });

  it('changes nothing when it is repeated, and refuses other terms', async () => {
    const it = made();
    await it.tenants.create('acme', { plan: 'pro', expires: '30d', start: false });
    const before = it.made.tenants.get('acme');
    expect((await it.tenants.create('acme', { plan: 'pro', expires: '30d', start: false })).created).toBe(false);
    await expect(it.tenants.create('acme', { plan: 'free' })).rejects.toMatchObject({
      code: 'already_registered',
      hint: expect.stringContaining('tenement tenant set acme'),
    });
    expect(it.made.tenants.get('acme')).toEqual(before);
    expect(it.launched).toEqual([]);
  });

  it.each([
    [{ plan: 'gold' }, 'unknown_plan'],
    [{ services: ['nope'] }, 'unknown_service'],
    [{ services: ['api', 'web'] }, 'plan_limit'],
    [{ expires: '1970-01-01' }, 'bad_input'],
  ])('with %j writes nothing: %s', async (options, code) => {
    const it = made();
    await expect(it.tenants.create('acme', options)).rejects.toMatchObject({ code });
    expect([it.made.tenants.list(), [...it.saved.keys()], it.launched]).toEqual([[], [], []]);
  });

  it('registers several services in one step', async () => {
    const it = made();
    const { view } = await it.tenants.create('acme', { services: ['web', 'api'], plan: 'pro', start: false });
    expect(view.instances).toEqual(['api:acme', 'web:acme']);
    expect(it.made.tenants.changes.filter(({ addInstances }) => addInstances !== undefined)).toHaveLength(1);
  });

  it('of one that is to expire at once starts nothing', async () => {
    const it = made();
    const { view } = await it.tenants.create('acme', { expires: 'now' });
    expect(view.state).toBe('expired');
    expect(it.launched).toEqual([]);
  });
});

it('the first spawn of an unknown tenant registers it with the default plan, whose max_instances holds', async () => {
  const it = made();
  await it.supervisor.spawn('api', 'acme', { start: false });
  expect(it.get('acme')).toMatchObject({ plan: 'free', labels: {}, expiresAt: null });
  await expect(it.supervisor.spawn('web', 'acme', { start: false })).rejects.toMatchObject({
    code: 'plan_limit',
    httpStatus: 409,
  });
  expect([...it.saved.keys()]).toEqual(['api:acme']);
});

describe('set', () => {
  it('applies another plan under the running process when only limits differ', async () => {
    const it = made({}, [PLANS[0] as Plan, planNamed('big', { limits: { memoryLimitBytes: 2 * 1024 ** 2 } })]);
    await withReady(it, it.tenants.create('acme'));
    expect((await it.tenants.set('acme', { plan: 'big' })).plan).toBe('big');
    expect(it.supervisor.get('api:acme').limits.memoryLimitMb).toBe(2);
    expect(it.processes).toHaveLength(1);
  });

  it('restarts what must be restarted, holding requests', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme'));
    const set = it.tenants.set('acme', { plan: 'pro' });
    await settle();
    const held = claim(it);
    expect(held).toBeInstanceOf(Promise);
    await withReady(it, set);
    expect(await held).toMatchObject({ instance: 'api:acme' });
    expect(it.launched.map(({ service }) => service.plan?.name)).toEqual(['free', 'pro']);
  });

  it('that cannot be written changes nothing', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme'));
    it.made.failSave = true;
    await expect(it.tenants.set('acme', { plan: 'pro', expires: 'now' })).rejects.toMatchObject({
      code: 'state_failed',
    });
    it.made.failSave = false;
    expect(it.get('acme')).toMatchObject({ plan: 'free', state: 'active' });
    expect(states(it)).toEqual(['api:acme ready']);
  });
});

describe('stop', () => {
  it('stops all instances, and start starts them', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme', { plan: 'pro', services: ['api', 'web'] }));
    expect(await it.tenants.stop('acme')).toMatchObject({ state: 'stopped' });
    expect(states(it)).toEqual(['api:acme stopped', 'web:acme stopped']);
    expect(claim(it)).toEqual({ refused: 'stopped', retryAfterS: null });
    await expect(it.supervisor.start('api:acme')).rejects.toMatchObject({ code: 'stopped' });
    expect(it.supervisor.get('api:acme').reason).toContain('`tenement tenant start acme`');
    await withReady(it, it.tenants.start('acme'));
    expect(states(it)).toEqual(['api:acme ready', 'web:acme ready']);
  });

  it('holds over a restart of the server', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme', { plan: 'pro' }));
    await it.tenants.stop('acme');
    const next = world({}, {}, { records: [...it.saved.values()] });
    for (const record of it.made.tenants.list()) next.tenants.records.set(record.id, record);
    await next.supervisor.open();
    expect(next.supervisor.tenants.get('acme').state).toBe('stopped');
    expect(claim(next)).toEqual({ refused: 'stopped', retryAfterS: null });
  });
});

describe('an expired tenant', () => {
  it('has its instances drained, and its requests refused', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme', { expires: '1h' }));
    const lease = await claim(it);
    if ('refused' in lease) throw new Error(lease.refused);
    await it.clock.advance(3_600_000);
    expect(it.get('acme').state).toBe('expired');
    expect(claim(it)).toEqual({ refused: 'expired', retryAfterS: null });
    expect(it.supervisor.grant('api:acme')).toBeNull();
    expect(states(it)).toEqual(['api:acme draining']);
    lease.release('answered');
    await settle();
    expect(states(it)).toEqual(['api:acme stopped']);
    expect(it.events.filter((type) => type === 'expired')).toHaveLength(1);
  });

  it('comes back with a later date: requests wake it, and what an operator had stopped stays stopped', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme', { plan: 'pro', services: ['api', 'web'] }));
    await it.supervisor.stop('web:acme');
    await it.tenants.set('acme', { expires: 'now' });
    await settle();
    await expect(it.tenants.start('acme')).rejects.toMatchObject({ code: 'expired', httpStatus: 402 });
    expect((await it.tenants.set('acme', { expires: 'never' })).state).toBe('active');
    expect(states(it)).toEqual(['api:acme asleep', 'web:acme stopped']);
    const held = claim(it);
    await settle();
    it.processes.at(-1)?.becomeReady();
    expect(await held).toMatchObject({ instance: 'api:acme' });
  });

  it('with a service that never sleeps runs again at once', async () => {
    const it = made({ idleTimeoutMs: 0 });
    await withReady(it, it.tenants.create('acme'));
    await it.tenants.set('acme', { expires: 'now' });
    await settle();
    expect(states(it)).toEqual(['api:acme stopped']);
    await it.tenants.set('acme', { expires: null });
    await settle();
    expect(states(it)).toEqual(['api:acme starting']);
  });

  it('ends held requests with its own answer', async () => {
    const it = made();
    await it.tenants.create('acme', { start: false });
    const held = claim(it);
    await settle();
    await it.tenants.set('acme', { expires: 'now' });
    expect(await held).toEqual({ refused: 'expired', retryAfterS: null });
  });

  it('stays so when the clock jumps, and comes back when it is set back before the date', async () => {
    const it = made();
    await it.tenants.create('acme', { expires: '1h', start: false });
    it.clock.jump(7_200_000);
    await it.clock.advance(60_000);
    expect(it.get('acme').state).toBe('expired');
    it.clock.jump(-7_200_000);
    await it.clock.advance(60_000);
    expect(it.get('acme').state).toBe('active');
  });

  it('whose time ended while no server ran is closed before anything is taken up', async () => {
    const it = made({ idleTimeoutMs: 0 });
    await withReady(it, it.tenants.create('acme', { expires: '1h' }));
    const next = world({ idleTimeoutMs: 0 }, {}, { records: [...it.saved.values()] });
    for (const record of it.made.tenants.list()) next.tenants.records.set(record.id, { ...record, expiresAtMs: 1 });
    await next.supervisor.open();
    expect(next.supervisor.tenants.get('acme').state).toBe('expired');
    expect([states(next), next.launched]).toEqual([['api:acme stopped'], []]);
    expect(next.events).toContain('expired');
  });
});

describe('remove', () => {
  it('unregisters the tenant with all its instances, and keeps the directory', async () => {
    const it = made();
    const deleted: string[] = [];
    it.made.deleteTenantDir = async (tenantId) => void deleted.push(tenantId);
    await withReady(it, it.tenants.create('acme', { plan: 'pro', services: ['api', 'web'] }));
    await it.tenants.remove('acme');
    expect([it.made.tenants.list(), [...it.saved.keys()], states(it), deleted]).toEqual([[], [], [], []]);
    expect(() => it.get('acme')).toThrow(expect.objectContaining({ code: 'unknown_tenant' }));
  });

  it('with purge deletes directory and logs, also of a service that the config has no more', async () => {
    const it = made();
    const done: string[] = [];
    it.made.deleteTenantDir = async (tenantId) => void done.push(tenantId);
    it.made.removeLogs = async (instance) => void done.push(instance);
    await it.tenants.create('acme', { plan: 'pro', services: ['api', 'web'], start: false });
    const { current } = it.served;
    it.supervisor.apply({ ...current, services: new Map([['api', SERVICE]]) });
    await it.tenants.remove('acme', { purge: true });
    expect(done).toEqual(['api:acme', 'web:acme', 'acme']);
    expect([it.made.tenants.list(), it.made.tenants.unfinished()]).toEqual([[], []]);
  });

  it('of one instance leaves the tenant, and with purge what an operator gave to it', async () => {
    const it = made();
    await it.tenants.create('acme', { labels: { region: 'eu' }, start: false });
    await it.supervisor.remove('api:acme');
    expect(it.get('acme')).toMatchObject({ instances: [], labels: { region: 'eu' } });
    await it.tenants.create('acme', { start: false });
    await it.supervisor.remove('api:acme', { purge: true });
    expect(it.get('acme')).toMatchObject({ instances: [], labels: { region: 'eu' } });
  });
});

it('a list has pages, and filters by plan, state and label', async () => {
  const it = made();
  for (const id of ['a', 'b', 'c', 'd']) {
    const plan = id === 'd' ? {} : { plan: 'pro' };
    await it.tenants.create(id, { ...plan, labels: { half: id < 'c' ? '1' : '2' }, start: false });
  }
  await it.tenants.stop('b');
  const { list } = it.supervisor.tenants;
  const ids = (query: Parameters<typeof list>[0]) => list(query).tenants.map(({ id }) => id);
  expect(ids({})).toEqual(['a', 'b', 'c', 'd']);
  expect([ids({ plan: 'free' }), ids({ state: 'stopped' }), ids({ labels: { half: '2' } })]).toEqual([
    ['d'],
    ['b'],
    ['c', 'd'],
  ]);
  const first = list({ limit: 2, plan: 'pro' });
  expect([first.tenants.map(({ id }) => id), first.next]).toEqual([['a', 'b'], 'b']);
  expect(list({ limit: 2, plan: 'pro', after: 'b' })).toMatchObject({ tenants: [{ id: 'c' }], next: null });
});
