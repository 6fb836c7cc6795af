import { describe, expect, it } from 'vitest';
import { CLI } from '../../../src/core/access/actor.ts';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { plainVault } from '../fake-secrets.ts';
import { ready, SERVICE, settle, type World, world } from '../fakes.ts';

const GENERATED: Partial<ServiceConfig> = { secrets: { KEY: { kind: 'hex', length: 32 } } };
const NEEDY: Partial<ServiceConfig> = { secretsEnv: ['STRIPE_KEY'], env: { DB: 'db://{secret.PASSWORD}/{id}' } };

function made(service: Partial<ServiceConfig> = {}) {
  const one = world(service);
  const secrets = one.supervisor.secrets.by(CLI);
  return { ...one, made: one, secrets, list: () => one.supervisor.secrets.list('acme') };
}

/** Settles a verb that restarts processes, each of which becomes ready. */
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

function events({ eventLog }: World, type: string) {
  return eventLog.filter((event) => event.type === type);
}

describe('set', () => {
  it('gives the value to the next process, and tells everything but the value', async () => {
    const it = made();
    await it.supervisor.spawn('api', 'acme', { start: false });
    const view = await it.secrets.set('acme', 'STRIPE_KEY', 'sk_live');
    expect(view).toEqual({
      name: 'STRIPE_KEY',
      version: 1,
      source: 'operator',
      changedAt: new Date(it.clock.nowMs()).toISOString(),
      neededBy: [],
    });
    await ready(it.made);
    expect(it.launchedWith).toEqual([{ STRIPE_KEY: 'sk_live' }]);
    expect(events(it.made, 'secret-set')).toMatchObject([
      { tenant: 'acme', actor: 'cli', data: { name: 'STRIPE_KEY', version: 1, source: 'operator' } },
    ]);
    expect(JSON.stringify([it.eventLog, it.supervisor.list(), it.launched, it.list()])).not.toContain('sk_live');
  });

  it('replaces a running process, and leaves it when the value is the same', async () => {
    const it = made();
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.secrets.set('acme', 'A', '1');
    await ready(it.made);
    await withReady(it, it.secrets.set('acme', 'A', '1'));
    expect(it.processes).toHaveLength(1);
    await withReady(it, it.secrets.set('acme', 'A', '2'));
    expect(it.launchedWith).toEqual([{ A: '1' }, { A: '2' }]);
    expect(it.list().secrets).toMatchObject([{ name: 'A', version: 2 }]);
    expect(events(it.made, 'secret-set')).toHaveLength(2);
  });

  it('wakes nobody', async () => {
    const it = made();
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.secrets.set('acme', 'A', '1');
    expect(it.launched).toEqual([]);
  });

  it('starts an instance at once that failed for the lack of it', async () => {
    const it = made(NEEDY);
    await it.supervisor.spawn('api', 'acme');
    expect(it.launched).toEqual([]);
    expect(it.supervisor.get('api:acme').lastExit?.detail).toBe(
      'the secrets PASSWORD, STRIPE_KEY are not set for acme. Set them: `tenement secret set acme PASSWORD`, `tenement secret set acme STRIPE_KEY`.',
    );
    await it.secrets.set('acme', 'PASSWORD', 'p');
    await withReady(it, it.secrets.set('acme', 'STRIPE_KEY', 's'));
    expect(it.launchedWith).toEqual([{ PASSWORD: 'p', STRIPE_KEY: 's' }]);
    expect(it.supervisor.get('api:acme').state).toBe('ready');
  });

  it.each(['PATH', 'A=B', 'TENANT_ID'])('refuses the name %s', async (name) => {
    const it = made();
    await it.supervisor.spawn('api', 'acme', { start: false });
    await expect(it.secrets.set('acme', name, 'v')).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('changes nothing when it cannot be written', async () => {
    const it = made();
    await it.supervisor.spawn('api', 'acme', { start: false });
    it.made.failSave = true;
    await expect(it.secrets.set('acme', 'A', '1')).rejects.toMatchObject({ code: 'state_failed' });
    it.made.failSave = false;
    expect(it.list().secrets).toEqual([]);
    expect(events(it.made, 'secret-set')).toEqual([]);
  });

  it('keeps both of two changes at once', async () => {
    const it = made();
    await it.supervisor.spawn('api', 'acme', { start: false });
    await Promise.all([
      it.secrets.set('acme', 'A', '1'),
      it.secrets.set('acme', 'B', '2'),
      it.secrets.set('acme', 'A', '3'),
    ]);
    expect(it.list().secrets).toMatchObject([
      { name: 'A', version: 2 },
      { name: 'B', version: 1 },
    ]);
  });

  it('does nothing for a tenant that does not exist', async () => {
    const it = made();
    await expect(it.secrets.set('acme', 'A', '1')).rejects.toMatchObject({ code: 'unknown_tenant' });
    expect(() => it.list()).toThrow(/there is no tenant acme/);
  });
});

describe('remove', () => {
  it('replaces a running process by one without the secret', async () => {
    const it = made();
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.secrets.set('acme', 'A', '1');
    await ready(it.made);
    await withReady(it, it.secrets.remove('acme', 'A'));
    expect(it.launchedWith).toEqual([{ A: '1' }, {}]);
    expect(it.list()).toEqual({ secrets: [], missing: [] });
    await expect(it.secrets.remove('acme', 'A')).rejects.toMatchObject({ code: 'unknown_secret' });
  });

  it('keeps the process that would not start again without the secret, and says who needs it', async () => {
    const it = made({ secretsEnv: ['A'] });
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.secrets.set('acme', 'A', '1');
    await ready(it.made);
    await it.secrets.remove('acme', 'A');
    expect(it.supervisor.get('api:acme').state).toBe('ready');
    expect(it.processes).toHaveLength(1);
    expect(it.list().missing).toEqual([{ name: 'A', neededBy: ['api'] }]);
  });

  it('replaces the process also when the secret is set anew with its first version', async () => {
    const it = made({ secretsEnv: ['A'] });
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.secrets.set('acme', 'A', '1');
    await ready(it.made);
    await it.secrets.remove('acme', 'A');
    await withReady(it, it.secrets.set('acme', 'A', '2'));
    expect(it.launched.at(-1)?.secrets).toMatchObject([{ name: 'A', version: 1 }]);
  });
});

describe('a generated secret', () => {
  it('is written with the registration of its tenant, before the first start', async () => {
    const it = made(GENERATED);
    const process = await ready(it.made);
    const [registered] = it.tenants.changes;
    expect(registered?.addInstances).toHaveLength(1);
    expect(registered?.putSecrets).toMatchObject([{ name: 'KEY', version: 1, source: 'generated' }]);
    const value = plainVault.open('acme', it.tenants.secrets.list('acme')[0] as never);
    expect(it.launchedWith).toEqual([{ KEY: value }]);
    expect(events(it.made, 'secret-set')).toMatchObject([{ actor: 'cli', data: { name: 'KEY', source: 'generated' } }]);
    expect(process.record.spec).toContain('KEY@1');
  });

  it('differs between tenants and stays over restarts', async () => {
    const it = made(GENERATED);
    await ready(it.made);
    await ready(it.made, 'globex');
    await withReady(it, it.supervisor.restart('api:acme'));
    const [acme, globex, again] = it.launchedWith;
    expect(acme?.['KEY']).not.toBe(globex?.['KEY']);
    expect(again).toEqual(acme);
  });

  it('comes to tenants that were there before the config had it, in one restart', async () => {
    const it = made();
    await ready(it.made);
    await it.supervisor.spawn('api', 'globex', { start: false });
    it.supervisor.apply({ ...it.config, services: new Map([['api', { ...SERVICE, ...GENERATED }]]) });
    await withReady(it, it.supervisor.spawn('api', 'acme'));
    expect(it.launchedWith).toEqual([{}, { KEY: expect.stringMatching(/^hex:32:/) }]);
    expect(events(it.made, 'secret-set')).toMatchObject([{ tenant: 'acme', actor: 'config' }]);
    await withReady(it, it.supervisor.start('api:globex'));
    expect(it.launchedWith).toHaveLength(3);
    expect(it.launchedWith[2]).not.toEqual(it.launchedWith[1]);
  });

  it('gets a new value by rotate, which is the only way', async () => {
    const it = made({ ...GENERATED, secretsEnv: ['OWN'] });
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.secrets.set('acme', 'OWN', 'mine');
    await ready(it.made);
    const view = await withReady(it, it.secrets.rotate('acme', 'KEY'));
    expect(view).toMatchObject({ name: 'KEY', version: 2, source: 'generated' });
    const [before, after] = it.launchedWith;
    expect(after?.['KEY']).not.toBe(before?.['KEY']);
    await expect(it.secrets.rotate('acme', 'OWN')).rejects.toThrow(/OWN of acme cannot be rotated: its value was set/);
    await expect(it.secrets.rotate('acme', 'NONE')).rejects.toMatchObject({ code: 'unknown_secret' });
  });

  it('yields to the value that an operator sets', async () => {
    const it = made(GENERATED);
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.secrets.set('acme', 'KEY', 'mine');
    await ready(it.made);
    expect(it.launchedWith).toEqual([{ KEY: 'mine' }]);
    await expect(it.secrets.rotate('acme', 'KEY')).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('is made anew when it was removed', async () => {
    const it = made(GENERATED);
    await ready(it.made);
    await withReady(it, it.secrets.remove('acme', 'KEY'));
    expect(it.launchedWith).toHaveLength(2);
    expect(it.launchedWith[1]?.['KEY']).not.toBe(it.launchedWith[0]?.['KEY']);
    expect(it.list().secrets).toMatchObject([{ name: 'KEY', version: 1, source: 'generated' }]);
  });
});

it('a tenant that an operator gave a secret stays when its last instance is purged', async () => {
  const it = made();
  for (const id of ['acme', 'globex']) await it.supervisor.spawn('api', id, { start: false });
  await it.secrets.set('acme', 'A', '1');
  for (const id of ['acme', 'globex'] as const) await it.supervisor.remove(`api:${id}`, { purge: true });
  expect([...it.tenants.records.keys()]).toEqual(['acme']);
  expect(it.list().secrets).toHaveLength(1);
});

it('a server without secrets opens no vault', async () => {
  const it = made();
  await ready(it.made);
  await it.supervisor.prepareCommand('api:acme', { words: ['x'], term: null });
  expect(it.made.vaultsOpened).toBe(0);
});
