/** The library's verbs, with real processes. */
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Hypervisor } from '../../src/hypervisor.ts';
import type { HypervisorOptions } from '../../src/library/options.ts';
import type { HypervisorEvent } from '../../src/library/verbs/events.ts';
import { silentLogger } from '../../src/logger.ts';
import { FIXTURES } from './support.ts';

const APP = `[service.app]\ncommand = "node ${FIXTURES}/tenant.mjs"\nhealth = "/health"\n`;
const BROKEN = `[service.broken]\ncommand = "sh -c 'echo no database >&2; exit 3'"\nrestart = "never"\n`;
const PLANS = '[plan.free]\nmemory_limit_mb = 128\n[plan.pro]\nmemory_limit_mb = 512\n';

async function temporary(toml = APP, options: Omit<HypervisorOptions, 'dataDir'> = {}): Promise<Hypervisor> {
  const hypervisor = await Hypervisor.temporary({ toml }, options);
  onTestFinished(() => hypervisor.close({ drainTimeoutMs: 0 }));
  return hypervisor;
}

describe('events', () => {
  it('are followed by type, from the call on, and end with the loop', async () => {
    const hypervisor = await temporary();
    const follower = hypervisor.events.follow({ type: ['ready', 'slept'] });
    await hypervisor.spawn('app', 'acme');
    await hypervisor.sleep('app:acme');
    const read: string[] = [];
    for await (const event of follower) {
      read.push(`${event.type} ${event.instance} ${event.data.state}`);
      if (event.type === 'slept') break;
    }
    expect(read).toEqual(['ready app:acme ready', 'slept app:acme asleep']);
  });

  it('go on after a number, without a gap or a repetition', async () => {
    const hypervisor = await temporary();
    await hypervisor.spawn('app', 'acme', { start: false });
    const [first] = hypervisor.events.list({ type: 'spawned' });
    const follower = hypervisor.events.follow({ afterSeq: (first?.seq ?? 0) - 1, type: 'spawned' });
    await hypervisor.spawn('app', 'globex', { start: false });
    const read = [await follower.next(), await follower.next()].map(({ value }) => value?.instance);
    expect(read).toEqual(['app:acme', 'app:globex']);
    await follower.return?.();
  });

  it('reach a listener until it is unsubscribed, whatever the listener does', async () => {
    const errors: object[] = [];
    const error = (fields: object) => void errors.push(fields);
    const hypervisor = await temporary(APP, { logger: { ...silentLogger(), error } });
    const heard: HypervisorEvent[] = [];
    const off = hypervisor.events.on('spawned', (event) => {
      heard.push(event);
      throw new Error('thrown');
    });
    const offAll = hypervisor.events.on('*', async () => Promise.reject(new Error('rejected')));
    await hypervisor.spawn('app', 'acme', { start: false });
    off();
    offAll();
    await hypervisor.spawn('app', 'globex', { start: false });
    expect(heard.map(({ instance }) => instance)).toEqual(['app:acme']);
    expect(errors.map((fields) => ('err' in fields ? String(fields.err) : ''))).toEqual([
      'Error: thrown',
      'Error: rejected',
    ]);
  });

  it('end when the hypervisor closes', async () => {
    const hypervisor = await temporary();
    const read = (async () => {
      for await (const _event of hypervisor.events);
    })();
    await hypervisor.close();
    await read;
  });
});

it('logs are followed from their history on, and end with the instance', async () => {
  const hypervisor = await temporary(`[service.app]\ncommand = "sh -c 'echo one; echo two; exec sleep 1000'"\n`);
  void hypervisor.spawn('app', 'acme', { wait: false });
  const texts: string[] = [];
  while (hypervisor.list().length === 0) await new Promise(setImmediate);
  for await (const { text } of hypervisor.logs('app:acme', { follow: true })) {
    texts.push(text);
    if (texts.length === 2) void hypervisor.remove('app:acme');
  }
  expect(texts).toEqual(['one', 'two']);
  expect(() => hypervisor.logs('app:acme', { follow: true })).toThrow(
    expect.objectContaining({ code: 'unknown_tenant' }),
  );
});

it('instances are listed by service, tenant and state, in pages', async () => {
  const hypervisor = await temporary(
    `${APP}${APP.replace('service.app', 'service.web')}[proxy]\ndefault_service = "app"\n`,
  );
  for (const id of ['acme', 'globex']) {
    await hypervisor.spawn('app', id, { start: false });
    await hypervisor.spawn('web', id, { start: id === 'acme' });
  }
  const names = (...asked: Parameters<Hypervisor['list']>) => hypervisor.list(...asked).map(({ instance }) => instance);
  expect(names()).toEqual(['app:acme', 'app:globex', 'web:acme', 'web:globex']);
  expect(names({ service: 'web' })).toEqual(['web:acme', 'web:globex']);
  expect(names({ tenant: 'globex' })).toEqual(['app:globex', 'web:globex']);
  expect(names({ service: 'app', tenant: 'acme' })).toEqual(['app:acme']);
  expect(names({ state: 'ready' })).toEqual(['web:acme']);
  expect(names({ state: ['ready', 'asleep'], limit: 2, after: 'app:acme' })).toEqual(['app:globex', 'web:acme']);
  expect(() => names({ state: 'awake' as 'ready' })).toThrow(expect.objectContaining({ code: 'bad_input' }));
});

it('a spawn that fails throws with its last lines when asked to, and is returned otherwise', async () => {
  const hypervisor = await temporary(`${BROKEN}${APP}[proxy]\ndefault_service = "app"\n`);
  await expect(hypervisor.spawn('broken', 'acme', { orThrow: true })).rejects.toMatchObject({
    code: 'start_failed',
    message: expect.stringMatching(/^broken:acme did not start: /),
    details: ['no database'],
  });
  expect(await hypervisor.spawn('broken', 'globex')).toMatchObject({ lastExit: { code: 3 } });
  await expect(hypervisor.restart('broken:globex', { orThrow: true })).rejects.toMatchObject({ code: 'start_failed' });
  expect(await hypervisor.spawn('app', 'acme', { orThrow: true })).toMatchObject({ state: 'ready' });
});

describe('a drain time-out of one call', () => {
  const held = async () => {
    const hypervisor = await temporary(`${APP}drain_timeout = "1h"\n`);
    await hypervisor.spawn('app', 'acme');
    const claim = await hypervisor.claim('app:acme', new AbortController().signal);
    expect(claim).toHaveProperty('release');
    return hypervisor;
  };

  it('ends the wait of a stop, a restart and a sleep, instead of that of the service', async () => {
    const hypervisor = await held();
    expect(await hypervisor.restart('app:acme', { drainTimeoutMs: 10 })).toMatchObject({ state: 'ready' });
    await hypervisor.claim('app:acme', new AbortController().signal);
    expect(await hypervisor.sleep('app:acme', { drainTimeoutMs: 10 })).toMatchObject({ state: 'asleep' });
    await hypervisor.claim('app:acme', new AbortController().signal);
    expect(await hypervisor.stop('app:acme', { drainTimeoutMs: 0 })).toMatchObject({ state: 'stopped' });
  });

  it('ends a drain that is under way', async () => {
    const hypervisor = await held();
    const stopping = hypervisor.stop('app:acme');
    expect(hypervisor.getInstance('app:acme').state).toBe('draining');
    await hypervisor.stop('app:acme', { drainTimeoutMs: 0 });
    expect(await stopping).toMatchObject({ state: 'stopped' });
  });
});

it('variables, limits and the plan are updated', async () => {
  const hypervisor = await temporary(`${APP}${PLANS}`);
  await hypervisor.spawn('app', 'acme', { env: { A: '1' } });
  const updated = await hypervisor.update('app:acme', {
    env: { B: '2', A: null },
    limits: { nofileLimit: 500 },
    plan: 'pro',
  });
  expect(updated).toMatchObject({ state: 'ready', limits: { nofileLimit: 500, memoryLimitMb: 512 } });
  expect(hypervisor.tenants.get('acme').plan).toBe('pro');
  await expect(hypervisor.update('app:acme', { plan: 'gold' })).rejects.toMatchObject({ code: 'unknown_plan' });
  for (const bad of [
    { env: { 'A B': 'x' } },
    { limits: { nofileLimit: 'x' } },
    { plans: 'pro' },
    { plan: 5 },
  ] as object[])
    await expect(hypervisor.update('app:acme', bad), JSON.stringify(bad)).rejects.toMatchObject({ code: 'bad_input' });
});

describe('hooks of the host program', () => {
  it('run before each start and after each stop, one after the other', async () => {
    const told: string[] = [];
    const hypervisor = await temporary(APP, {
      hooks: {
        beforeStart: ({ instance }) => void told.push(`before ${instance} ${hypervisor.getInstance(instance).pid}`),
        afterStop: async ({ tenant }) => {
          await new Promise(setImmediate);
          told.push(`after ${tenant}`);
        },
      },
    });
    await hypervisor.spawn('app', 'acme');
    await hypervisor.restart('app:acme');
    await hypervisor.close();
    const before = 'before app:acme null';
    expect(told).toEqual([before, 'after acme', before, 'after acme']);
  });

  it('refuse a start with a reason, and let a later one pass', async () => {
    let isPaid = false;
    const afterStop: string[] = [];
    const hypervisor = await temporary(`${APP}restart = "never"\n`, {
      hooks: {
        beforeStart: async () => {
          if (!isPaid) throw new Error('the last invoice is not paid');
        },
        afterStop: ({ instance }) => void afterStop.push(instance),
      },
    });
    await expect(hypervisor.spawn('app', 'acme', { orThrow: true })).rejects.toMatchObject({
      code: 'start_failed',
      message: 'app:acme did not start: refused by the host program: the last invoice is not paid',
    });
    expect(hypervisor.getInstance('app:acme')).toMatchObject({ pid: null, lastExit: { reason: 'spawn_failed' } });
    expect(afterStop).toEqual([]);
    isPaid = true;
    expect(await hypervisor.start('app:acme')).toMatchObject({ state: 'ready' });
  });

  it('are not waited for by a stop that comes meanwhile', async () => {
    const { promise: called, resolve } = Promise.withResolvers<void>();
    const hypervisor = await temporary(APP, {
      hooks: {
        beforeStart: ({ signal }) => {
          resolve();
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
        timeoutMs: 600_000,
      },
    });
    const spawning = hypervisor.spawn('app', 'acme');
    await called;
    expect(await hypervisor.stop('app:acme')).toMatchObject({ state: 'stopped', lastExit: null });
    expect(await spawning).toMatchObject({ state: 'stopped' });
  });
});

it('a tenant is exported, imported and cloned', async () => {
  const hypervisor = await temporary(APP);
  await hypervisor.spawn('app', 'acme');
  const file = join(hypervisor.config.dataDir, 'acme.tar.zst');
  const report = await hypervisor.archives.export('acme', createWriteStream(file));
  expect(report.files).toBeGreaterThan(0);
  const { tenant } = await hypervisor.archives.import('globex', createReadStream(file), { start: false });
  expect(tenant).toMatchObject({ id: 'globex', instances: ['app:globex'] });
  expect(await hypervisor.archives.clone('acme', { id: 'initech', start: false })).toMatchObject({
    tenant: { id: 'initech' },
  });
  await expect(hypervisor.archives.import('hooli', Readable.from([Buffer.from('no')]))).rejects.toMatchObject({
    code: 'bad_archive',
  });
  await expect(hypervisor.backups.run()).rejects.toMatchObject({ code: 'backups_off' });
  expect(hypervisor.backups.isOn).toBe(false);
  expect(await hypervisor.notifications.list()).toEqual([]);
});

it('a claim counts as usage when it is released', async () => {
  const hypervisor = await temporary();
  await hypervisor.spawn('app', 'acme');
  expect(hypervisor.instanceOfHost('acme.localhost')).toBe('app:acme');
  expect(hypervisor.instanceOfHost('nobody.localhost')).toBeNull();
  const claim = await hypervisor.claim('app:acme', new AbortController().signal);
  if ('refused' in claim) throw new Error(claim.refused);
  claim.count({ ingressBytes: 10, egressBytes: 20 });
  claim.release('answered');
  claim.release('answered');
  // Usage is collected once a second.
  await vi.waitFor(() => expect(hypervisor.tenants.get('acme').requestsThisMonth).toBe(1), 60_000);
  const { usage } = await hypervisor.usage({ tenant: 'acme' });
  expect(usage).toMatchObject([{ requests: 1, ingressBytes: 10, egressBytes: 20, errors: 0 }]);
});
