import { expect, it } from 'vitest';
import type { Plan } from '../../../src/core/plans/plan.ts';
import type { Config, ServiceConfig } from '../../../src/core/service/service.ts';
import { newTenant } from '../../../src/core/tenants/tenant.ts';
import { planNamed } from '../../plans.ts';
import { configOf, SERVICE, settle, type World, world } from '../fakes.ts';

const withServices = (config: Config, ...services: ServiceConfig[]): Config => ({
  ...config,
  services: new Map(services.map((service) => [service.name, service])),
});

async function ready(made: World, id = 'acme') {
  const spawned = made.supervisor.spawn('api', id);
  await settle();
  made.processes.at(-1)?.becomeReady();
  await spawned;
}

it('a service that is removed and restored while its instance drains is served again', async () => {
  const made = world();
  await ready(made);
  const lease = await made.supervisor.claim('api:acme', new AbortController().signal);
  made.supervisor.apply(withServices(made.config, { ...SERVICE, name: 'web' }));
  expect(made.supervisor.get('api:acme').state).toBe('draining');
  made.supervisor.apply(made.config);
  if ('release' in lease) lease.release();
  await settle();
  expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'asleep', requests: 1 });
  const held = made.supervisor.claim('api:acme', new AbortController().signal);
  await settle();
  made.processes[1]?.becomeReady();
  expect(await held).toMatchObject({ instance: 'api:acme' });
});

it('sleeping instances of a removed service are unknown until the service returns', async () => {
  const made = world();
  await made.supervisor.spawn('api', 'acme', { start: false });
  made.supervisor.apply(withServices(made.config, { ...SERVICE, name: 'web' }));
  await settle();
  expect(made.supervisor.has('api:acme')).toBe(false);
  made.supervisor.apply(made.config);
  expect(made.supervisor.has('api:acme')).toBe(true);
});

it('an instance that cannot be registered does not prevent the rest of a reload', async () => {
  const made = world();
  made.failSave = true;
  const config = {
    ...configOf(SERVICE, { maxRunning: 7 }),
    instances: [{ service: 'api', tenantId: 'acme', start: true }],
  };
  expect(made.supervisor.apply(config)).toContain('instance api:acme: registered and started');
  expect(made.served.current.settings.maxRunning).toBe(7);
  expect(made.supervisor.has('api:acme')).toBe(false);
});

it('a changed idle timeout takes effect at once', async () => {
  const made = world({ idleTimeoutMs: 0 });
  await ready(made);
  expect(made.supervisor.get('api:acme').sleepsAt).toBeNull();
  made.supervisor.apply(configOf({ ...SERVICE, idleTimeoutMs: 5000 }, {}));
  await made.clock.advance(5000);
  expect(made.supervisor.get('api:acme').state).toBe('asleep');
});

it('two services of a tenant with different users are refused by registration and by a reload', async () => {
  const made = world();
  const both = (user: ServiceConfig['user']) =>
    withServices(made.config, SERVICE, { ...SERVICE, name: 'web', socket: '{runtime_dir}/web-{id}', user });
  made.supervisor.apply(both('dynamic'));
  await ready(made);
  const refused = expect.objectContaining({ code: 'mixed_users', message: expect.stringContaining('service web') });
  await expect(made.supervisor.spawn('web', 'acme')).rejects.toEqual(refused);
  expect(made.supervisor.has('web:acme')).toBe(false);

  made.supervisor.apply(both(null));
  await made.supervisor.spawn('web', 'acme', { start: false });
  made.supervisor.apply(both('dynamic'));
  const started = made.processes.length;
  await made.supervisor.spawn('web', 'acme', { wait: false });
  await settle();
  expect(made.processes).toHaveLength(started);
});

const withPlans = (config: Config, ...plans: Plan[]): Config => ({
  ...config,
  plans: new Map(plans.map((plan) => [plan.name, plan])),
  tenants: { ...config.tenants, defaultPlan: plans[0]?.name ?? null },
});

it('an edited plan applies to the running instances of its tenants, which keep their processes', async () => {
  const made = world();
  await ready(made);
  const words = made.supervisor.apply(
    withPlans(made.config, planNamed('free', { limits: { memoryLimitBytes: 1024 ** 2 } })),
  );
  expect(words).toEqual(['plan free: new', 'tenants: takes effect at once']);
  expect(made.supervisor.get('api:acme').limits.memoryLimitMb).toBe(1);
  const edited = planNamed('free', { limits: { memoryLimitBytes: 2 * 1024 ** 2 } });
  expect(made.supervisor.apply(withPlans(made.config, edited))).toEqual(['plan free: changed; 1 tenant has it']);
  expect(made.supervisor.get('api:acme').limits.memoryLimitMb).toBe(2);
  await settle();
  expect(made.processes).toHaveLength(1);
});

it('a plan that grants features restarts the processes of its tenants', async () => {
  const made = world();
  await ready(made);
  made.supervisor.apply(withPlans(made.config, planNamed('free', { features: ['sso'] })));
  await settle();
  made.processes.at(-1)?.becomeReady();
  await settle();
  expect(made.launched.map(({ service }) => service.plan)).toEqual([null, { name: 'free', features: ['sso'] }]);
});

it('a config without a plan that tenants were given is refused, and the served one stays', async () => {
  const made = world();
  made.tenants.records.set('acme', { ...newTenant('acme', 0), plan: 'pro' });
  made.supervisor.apply(withPlans(made.config, planNamed('free'), planNamed('pro')));
  expect(() => made.supervisor.apply(withPlans(made.config, planNamed('free')))).toThrow(
    expect.objectContaining({
      code: 'bad_config',
      message: 'plan pro is gone from the config, but tenant acme has it',
    }),
  );
  expect([...made.served.current.plans.keys()]).toEqual(['free', 'pro']);
});
