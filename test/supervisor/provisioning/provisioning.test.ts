import { describe, expect, it, vi } from 'vitest';
import { CLI } from '../../../src/core/access/actor.ts';
import type { HookConfig } from '../../../src/core/provisioning/hook.ts';
import type { HookRun } from '../../../src/core/provisioning/hook-run.ts';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { here, SERVICE, settle, type World, world } from '../fakes.ts';

const hook = (name: string, other: Partial<HookConfig['commands']> = {}): HookConfig => ({
  name,
  commands: {
    create: [name, 'create', '{id}'],
    destroy: [name, 'destroy', '{id}'],
    rotate: null,
    measure: null,
    ...other,
  },
  timeoutMs: 60_000,
  inheritEnv: [],
  env: {},
});

/** A world with the services `api` (the default) and `web`, and their hooks. */
function made(hooks: { api?: readonly HookConfig[]; web?: readonly HookConfig[] } = { api: [hook('db')] }) {
  const one = world();
  const apply = (next: typeof hooks) => {
    const services: ServiceConfig[] = [
      { ...SERVICE, hooks: next.api ?? [] },
      { ...SERVICE, name: 'web', socket: '/web-{id}', hooks: next.web ?? [] },
    ];
    one.supervisor.apply({ ...one.config, services: new Map(services.map((each) => [each.name, each])) });
  };
  apply(hooks);
  const runs = () => one.hookRunner.runs.map(({ words }) => words.join(' '));
  return { ...one, made: one, tenants: one.supervisor.tenants.by(CLI), get: one.supervisor.tenants.get, apply, runs };
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

const claim = ({ supervisor }: Pick<World, 'supervisor'>, name: 'api:acme' | 'web:acme' = 'api:acme') =>
  supervisor.claim(name, here());
const failing =
  (reason = 'no server', errors = 'psql: no server\n') =>
  () => ({ reason, errors });

/** A hook that runs until the test ends it, or its signal does. */
function hanging() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const answer = (_run: HookRun, signal: AbortSignal) =>
    new Promise<string | { reason: string }>((settled) => {
      signal.addEventListener('abort', () => settled({ reason: 'it was ended' }));
      void promise.then(settled);
    });
  return { answer, end: resolve };
}

describe('hooks of a new tenant', () => {
  it('run once, in order, before its instance starts, and what they print is secret', async () => {
    const it = made({ api: [hook('db'), hook('cache')] });
    it.hookRunner.answer = ({ words: [name = ''] }) => {
      expect(it.launched).toEqual([]);
      return `${name.toUpperCase()}_URL=x\n`;
    };
    const { view } = await withReady(it, it.tenants.create('acme'));
    expect(it.runs()).toEqual(['db create acme', 'cache create acme']);
    expect(view).toMatchObject({ state: 'active', provisioning: null });
    expect(it.made.tenants.secrets.list('acme').map(({ name, source }) => `${name} ${source}`)).toEqual([
      'CACHE_URL hook:api/cache',
      'DB_URL hook:api/db',
    ]);
    await withReady(it, it.tenants.create('acme'));
    expect(it.runs()).toHaveLength(2);
    expect(it.events).toContain('provisioned');
  });

  it('are written down with their secrets in one transaction', async () => {
    const it = made();
    it.hookRunner.answer = () => 'A=1\n';
    await withReady(it, it.tenants.create('acme'));
    const changes = it.made.tenants.changes.filter(({ putHooks = [] }) => putHooks.length > 0);
    expect(changes.map(({ putHooks, putSecrets = [] }) => [putHooks?.[0]?.state, putSecrets.length])).toEqual([
      ['pending', 0],
      ['begun', 0],
      ['done', 1],
    ]);
  });

  it('keep it provisioning when they fail, and say why, and are tried again with back-off', async () => {
    const it = made({ api: [hook('db'), hook('cache')] });
    it.hookRunner.answer = failing();
    const { view } = await it.tenants.create('acme');
    expect(view).toMatchObject({
      state: 'provisioning',
      provisioning: {
        action: 'create',
        waiting: ['api/db', 'api/cache'],
        failed: { hook: 'api/db', reason: 'no server', failures: 1, lastLines: ['psql: no server'] },
      },
    });
    expect(claim(it)).toEqual({ refused: 'provisioning', retryAfterS: 2 });
    await expect(it.supervisor.start('api:acme')).rejects.toMatchObject({ code: 'provisioning_failed' });
    const times: number[] = [];
    it.hookRunner.answer = () => {
      times.push(it.clock.nowMs());
      return { reason: 'no server' };
    };
    const fromMs = it.clock.nowMs();
    await it.clock.advance(15_000);
    expect(times.map((atMs) => atMs - fromMs)).toEqual([2000, 6000, 14_000]);
    expect(it.get('acme').provisioning?.failed?.failures).toBe(4);
    expect(it.events.filter((type) => type === 'provision-failed')).toHaveLength(1);
    it.hookRunner.answer = () => '';
    await it.clock.advance(16_000);
    expect(it.get('acme')).toMatchObject({ state: 'active', provisioning: null });
    expect(it.runs().at(-1)).toBe('cache create acme');
    expect(claim(it)).toBeInstanceOf(Promise);
  });

  it('are tried at once by provision', async () => {
    const it = made();
    it.hookRunner.answer = failing();
    await it.tenants.create('acme');
    it.hookRunner.answer = () => '';
    expect(await it.tenants.provision('acme')).toMatchObject({ state: 'active', provisioning: null });
  });

  it('run once for several creates at the same time, all of which wait', async () => {
    const it = made();
    const { answer, end } = hanging();
    it.hookRunner.answer = answer;
    const both = Promise.all([it.tenants.create('acme'), it.supervisor.spawn('api', 'acme')]);
    await settle();
    expect(it.get('acme')).toMatchObject({ state: 'provisioning', provisioning: { running: 'api/db' } });
    end('');
    await withReady(it, both);
    expect(it.runs()).toEqual(['db create acme']);
  });

  it('run in the background when nobody waits, and then it starts', async () => {
    const it = made();
    const { answer, end } = hanging();
    it.hookRunner.answer = answer;
    const { view } = await it.tenants.create('acme', { wait: false });
    expect(view.state).toBe('provisioning');
    await settle();
    end('');
    await settle();
    expect(it.launched).toHaveLength(1);
  });

  it('that print what is no secret fail, without a word of it', async () => {
    const it = made();
    it.hookRunner.answer = () => 'PATH=hunter2\n';
    const { view } = await it.tenants.create('acme');
    expect(view.provisioning?.failed?.reason).toContain('PATH');
    expect(JSON.stringify([view, it.eventLog])).not.toContain('hunter2');
  });

  it('that give a secret of another hook fail', async () => {
    const it = made({ api: [hook('db'), hook('cache')] });
    it.hookRunner.answer = () => 'URL=1\n';
    const { view } = await it.tenants.create('acme');
    expect(view.provisioning?.failed).toMatchObject({ hook: 'api/cache', reason: expect.stringContaining('api/db') });
  });
});

describe('hooks of a service that a tenant gets later', () => {
  it('close the new instance alone', async () => {
    const it = made({ web: [hook('db')] });
    await withReady(it, it.tenants.create('acme', { services: ['api'] }));
    it.hookRunner.answer = failing();
    await expect(it.supervisor.spawn('web', 'acme')).rejects.toMatchObject({ code: 'provisioning_failed' });
    expect(it.get('acme').state).toBe('active');
    expect(claim(it, 'api:acme')).toMatchObject({ instance: 'api:acme' });
    expect(claim(it, 'web:acme')).toMatchObject({ refused: 'provisioning' });
    it.hookRunner.answer = () => '';
    await withReady(it, it.supervisor.spawn('web', 'acme'));
    expect(claim(it, 'web:acme')).toMatchObject({ instance: 'web:acme' });
  });
});

describe('hooks that a reload adds', () => {
  it('run in the background for tenants that exist, which stay open', async () => {
    const it = made({});
    await withReady(it, it.tenants.create('acme', { services: ['api'] }));
    const { answer, end } = hanging();
    it.hookRunner.answer = answer;
    it.apply({ api: [hook('db')] });
    await settle();
    expect(it.runs()).toEqual(['db create acme']);
    expect(it.get('acme')).toMatchObject({ state: 'active', provisioning: { running: 'api/db' } });
    expect(claim(it)).toMatchObject({ instance: 'api:acme' });
    end('A=1\n');
    await settle();
    expect(it.get('acme').provisioning).toBeNull();
    expect(it.made.tenants.secrets.list('acme')).toHaveLength(1);
  });

  it('are waited for by a request that wakes a sleeper, which then has their secrets', async () => {
    const it = made({});
    await it.tenants.create('acme', { services: ['api'], start: false });
    const { answer, end } = hanging();
    it.hookRunner.answer = answer;
    it.apply({ api: [hook('db')] });
    const admitted = claim(it);
    expect(admitted).toBeInstanceOf(Promise);
    await settle();
    expect(it.launched).toEqual([]);
    end('A=1\n');
    expect(await withReady(it, Promise.resolve(admitted))).toMatchObject({ instance: 'api:acme' });
    expect(it.launched.map(({ secrets }) => secrets.map(({ name }) => name))).toEqual([['A']]);
  });

  it('refuse the requests of sleepers while they fail, and start nothing', async () => {
    const it = made({});
    await it.tenants.create('acme', { services: ['api'], start: false });
    it.hookRunner.answer = failing();
    it.apply({ api: [hook('db')] });
    expect(await claim(it)).toEqual({ refused: 'provisioning', retryAfterS: 2 });
    expect(claim(it)).toMatchObject({ refused: 'provisioning' });
    await expect(it.supervisor.start('api:acme')).rejects.toMatchObject({ code: 'provisioning_failed' });
    await expect(it.supervisor.spawn('api', 'acme')).rejects.toMatchObject({ code: 'provisioning_failed' });
    expect(it.launched).toEqual([]);
    it.hookRunner.answer = () => '';
    await it.clock.advance(60_000);
    expect(await withReady(it, Promise.resolve(claim(it)))).toMatchObject({ instance: 'api:acme' });
  });

  it('run at once for a tenant whose request waits, before those of others that are due', async () => {
    const it = made({});
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const id of ids) await it.tenants.create(id, { start: false, services: ['api'] });
    const hangs = hanging();
    it.hookRunner.answer = hangs.answer;
    it.apply({ api: [hook('db')] });
    await settle();
    expect(it.runs()).toHaveLength(4);
    void it.supervisor.claim('api:g', here());
    hangs.end('');
    await settle();
    await settle();
    expect(it.runs().slice(4)[0]).toBe('db create g');
  });

  it('restart a running instance when all have succeeded, also if the last gives nothing', async () => {
    const it = made({});
    await withReady(it, it.tenants.create('acme', { services: ['api'] }));
    it.hookRunner.answer = ({ words: [name] }) => (name === 'db' ? 'A=1\n' : { reason: 'no server' });
    it.apply({ api: [hook('db'), hook('cache')] });
    await settle();
    expect(it.launched).toHaveLength(1);
    it.hookRunner.answer = () => '';
    await withReady(it, it.tenants.provision('acme'));
    expect(it.launched.map(({ secrets }) => secrets.length)).toEqual([0, 1]);
  });

  it('look at no unfinished operation but the own one, however many tenants there are', async () => {
    const it = made({});
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await it.tenants.create(id, { start: false, services: ['api'] });
    const looks = vi.spyOn(it.made.tenants, 'unfinished');
    vi.spyOn(it.made.tenants, 'operationOf').mockReturnValue(null);
    it.apply({ api: [hook('db')] });
    for (let turns = 0; turns < 6; turns += 1) await settle();
    expect(it.runs()).toHaveLength(6);
    expect(looks).not.toHaveBeenCalled();
  });

  it('run four at a time', async () => {
    const it = made({});
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await it.tenants.create(id, { start: false, services: ['api'] });
    const { answer, end } = hanging();
    it.hookRunner.answer = answer;
    it.apply({ api: [hook('db')] });
    await settle();
    expect(it.runs()).toHaveLength(4);
    end('');
    await settle();
    await settle();
    expect(it.runs()).toHaveLength(6);
  });

  it('that the config loses again are waited for no more', async () => {
    const it = made();
    it.hookRunner.answer = failing();
    await it.tenants.create('acme');
    it.apply({});
    await settle();
    expect(it.get('acme')).toMatchObject({ state: 'active', provisioning: null });
  });
});

describe('a purge', () => {
  it('destroys in reverse order, before the directory goes', async () => {
    const it = made({ api: [hook('db'), hook('cache')] });
    await withReady(it, it.tenants.create('acme'));
    let runsBefore = 0;
    it.made.deleteTenantDir = async () => {
      runsBefore = it.runs().length;
    };
    await it.tenants.remove('acme', { purge: true });
    expect(it.runs().slice(2)).toEqual(['cache destroy acme', 'db destroy acme']);
    expect(runsBefore).toBe(4);
    expect(() => it.get('acme')).toThrow(expect.objectContaining({ code: 'unknown_tenant' }));
    expect(it.made.tenants.hooks.list('acme')).toEqual([]);
  });

  it('that fails is told, keeps the id, is tried again, and then forgets everything', async () => {
    const it = made();
    it.hookRunner.answer = () => 'PASSWORD=hunter22\n';
    await withReady(it, it.tenants.create('acme'));
    it.hookRunner.answer = ({ env }) => ({ reason: 'busy', errors: `password ${env['SECRET_PASSWORD']} is wrong` });
    await expect(it.tenants.remove('acme', { purge: true })).rejects.toMatchObject({ code: 'deprovisioning_failed' });
    expect(it.get('acme')).toMatchObject({
      state: 'stopped',
      instances: [],
      provisioning: { action: 'destroy', failed: { hook: 'api/db', lastLines: ['password *** is wrong'] } },
    });
    await expect(it.tenants.create('acme')).rejects.toMatchObject({ code: 'deprovisioning_failed' });
    await expect(it.tenants.remove('acme')).rejects.toMatchObject({ code: 'deprovisioning_failed' });
    it.hookRunner.answer = () => '';
    await it.clock.advance(2000);
    expect(() => it.get('acme')).toThrow(expect.objectContaining({ code: 'unknown_tenant' }));
    expect(it.made.tenants.secrets.list('acme')).toEqual([]);
    expect(it.events).toContain('tenant-removed');
  });

  it('ends a create that is under way, and destroys what that may have made', async () => {
    const it = made();
    it.hookRunner.answer = hanging().answer;
    const creation = it.tenants.create('acme').catch((error) => error);
    await settle();
    it.hookRunner.answer = () => '';
    await it.tenants.remove('acme', { purge: true });
    expect(it.runs()).toEqual(['db create acme', 'db destroy acme']);
    expect(await creation).toMatchObject({ code: 'deprovisioning_failed' });
  });

  it('destroys what a tenant of the same id has left that was removed without a purge', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme'));
    await it.tenants.remove('acme');
    expect(it.runs()).toEqual(['db create acme']);
    await withReady(it, it.tenants.create('acme'));
    await it.tenants.remove('acme', { purge: true });
    expect(it.runs()).toEqual(['db create acme', 'db create acme', 'db destroy acme']);
  });

  it('of one instance destroys what the hooks of its service have made', async () => {
    const it = made({ api: [hook('db')], web: [hook('bucket')] });
    await withReady(it, it.tenants.create('acme', { services: ['api', 'web'] }));
    await it.supervisor.remove('web:acme', { purge: true });
    expect(it.runs().slice(2)).toEqual(['bucket destroy acme']);
    expect(it.get('acme')).toMatchObject({ state: 'active', instances: ['api:acme'] });
  });

  it('of the only instance leaves nothing that refuses the next tenant of the same id', async () => {
    const it = made();
    await withReady(it, it.supervisor.spawn('api', 'acme'));
    await it.supervisor.remove('api:acme', { purge: true });
    expect(() => it.get('acme')).toThrow(expect.objectContaining({ code: 'unknown_tenant' }));
    await withReady(it, it.tenants.create('acme'));
    expect(it.get('acme')).toMatchObject({ state: 'active' });
  });

  it('whose directory stays leaves nothing that refuses the next tenant of the same id', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme'));
    it.made.deleteTenantDir = () => Promise.reject(new Error('EIO'));
    await expect(it.tenants.remove('acme', { purge: true })).rejects.toThrow();
    await withReady(it, it.tenants.create('acme'));
    expect(it.get('acme')).toMatchObject({ state: 'active' });
  });

  it('destroys what a hook has made that has left the config', async () => {
    const it = made();
    await withReady(it, it.tenants.create('acme'));
    it.apply({});
    await it.tenants.remove('acme', { purge: true });
    expect(it.runs()).toEqual(['db create acme', 'db destroy acme']);
  });
});

describe('rotate', () => {
  const rotating = [hook('db', { rotate: ['db', 'rotate', '{id}'] })];

  it('replaces the secrets that the hook prints, and restarts the instances', async () => {
    const it = made({ api: rotating });
    it.hookRunner.answer = ({ env }) =>
      env['HOOK_SECRET'] === undefined ? 'URL=1\nKEY=a\n' : `URL=2\nKEY=${env['SECRET_KEY']}\n`;
    await withReady(it, it.tenants.create('acme'));
    await withReady(it, it.supervisor.secrets.by(CLI).rotate('acme', 'URL'));
    expect(it.runs()).toEqual(['db create acme', 'db rotate acme']);
    const kept = it.made.tenants.secrets.list('acme').map(({ name, version }) => `${name} ${version}`);
    expect(kept).toEqual(['KEY 1', 'URL 2']);
    expect(it.events.filter((type) => type === 'secret-rotated')).toHaveLength(1);
  });

  /** A tenant with a secret, whose hook then answers otherwise. */
  async function rotated(answer: World['hookRunner']['answer']) {
    const it = made({ api: rotating });
    it.hookRunner.answer = () => 'URL=1\n';
    await withReady(it, it.tenants.create('acme'));
    it.hookRunner.answer = answer;
    const rotation = it.supervisor.secrets.by(CLI).rotate('acme', 'URL');
    return { it, rotation };
  }

  const kept = ({ made: { tenants } }: ReturnType<typeof made>) =>
    tenants.secrets.list('acme').map(({ name, version }) => `${name} ${version}`);

  it('that says that it failed leaves the secrets as they were', async () => {
    const { it, rotation } = await rotated(failing());
    await expect(rotation).rejects.toMatchObject({ code: 'provisioning_failed' });
    await settle();
    expect(kept(it)).toEqual(['URL 1']);
    expect(it.runs()).toEqual(['db create acme', 'db rotate acme']);
    expect(it.get('acme').provisioning).toBeNull();
  });

  it.each([
    ['is ended by its time-out', { reason: 'it took too long', isCut: true }],
    ['does not print the secret', 'KEY=b\n'],
    ['prints what is no secret', 'PATH=b\n'],
  ])('that %s is followed by create, which gives values that work', async (_what, answer) => {
    const { it, rotation } = await rotated(({ action }) => (action === 'create' ? 'URL=2\n' : answer));
    await expect(rotation).rejects.toMatchObject({ code: 'provisioning_failed' });
    await withReady(it, it.tenants.provision('acme'));
    expect(kept(it)).toEqual(['URL 2']);
    expect(it.runs()).toEqual(['db create acme', 'db rotate acme', 'db create acme']);
    expect(it.get('acme')).toMatchObject({ state: 'active', provisioning: null });
  });

  it('is noted before it runs, so that no sleeper starts with the old secrets meanwhile', async () => {
    const hangs = hanging();
    const { it, rotation } = await rotated(({ action }, signal) =>
      action === 'create' ? 'URL=1\n' : hangs.answer({} as HookRun, signal),
    );
    await settle();
    await it.supervisor.sleep('api:acme');
    const launchedBefore = it.launched.length;
    const admitted = claim(it);
    await settle();
    expect(it.made.tenants.hooks.list('acme')).toMatchObject([{ state: 'begun' }]);
    expect(it.launched).toHaveLength(launchedBefore);
    hangs.end('URL=2\n');
    expect(await withReady(it, Promise.all([admitted, rotation]))).toMatchObject([{ instance: 'api:acme' }, {}]);
    expect(it.launched.at(-1)?.secrets).toMatchObject([{ name: 'URL', version: 2 }]);
    expect(it.runs()).toEqual(['db create acme', 'db rotate acme']);
  });
});

describe('measure', () => {
  const measuring = [hook('db', { create: null, destroy: null, measure: ['db', 'size', '{id}'] })];

  it('runs once an hour while the tenant is awake', async () => {
    const it = made({ api: measuring });
    await it.supervisor.open();
    it.hookRunner.answer = () => 'databaseBytes=9\n';
    await withReady(it, it.tenants.create('acme'));
    await it.clock.advance(20_000);
    expect(it.made.tenants.hooks.measurements).toMatchObject([{ tenantId: 'acme', hook: 'db' }]);
    await it.clock.advance(30 * 60_000);
    expect(it.runs()).toHaveLength(1);
  });

  it('that fails is told once, and delays nothing', async () => {
    const it = made({ api: measuring });
    await it.supervisor.open();
    it.hookRunner.answer = () => 'requests=9\n';
    await withReady(it, it.tenants.create('acme'));
    await it.clock.advance(20_000);
    expect(it.made.tenants.hooks.measurements).toEqual([]);
    expect(it.events.filter((type) => type === 'measure-failed')).toHaveLength(1);
    expect(it.get('acme').state).toBe('active');
  });
});

describe('the end of the server', () => {
  it('ends a hook, which counts as no failure', async () => {
    const it = made();
    it.hookRunner.answer = hanging().answer;
    const creation = it.tenants.create('acme').catch((error) => error);
    await settle();
    await it.supervisor.close();
    await creation;
    expect(it.made.tenants.hooks.list('acme')).toMatchObject([{ state: 'begun', failure: null }]);
    expect(it.events).not.toContain('provision-failed');
  });
});
