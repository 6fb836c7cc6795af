import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Hypervisor } from '../src/hypervisor.ts';
import type { HypervisorOptions } from '../src/library/options.ts';
import { silentLogger } from '../src/logger.ts';
import { askSocket } from './e2e/clients.ts';
import { loadHypervisor } from './e2e/hypervisors.ts';
import { directoryOfTest, writeConfig } from './e2e/support.ts';

it('two hypervisors with different data directories live in one process, each with its own sockets', async () => {
  const dir = directoryOfTest();
  vi.stubEnv('XDG_RUNTIME_DIR', dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  const file = join(dir, 'tenement.toml');
  writeConfig(file, '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n');
  const socketDirs: string[] = [];
  for (const name of ['one', 'two']) {
    const dataDir = join(dir, name);
    const hypervisor = await Hypervisor.load(file, { dataDir });
    onTestFinished(() => hypervisor.close());
    const { socketPath } = await hypervisor.spawn('app', 'acme');
    expect(JSON.parse((await askSocket(socketPath ?? '')).body).dataDir).toBe(join(dataDir, 'acme'));
    socketDirs.push((socketPath ?? '').replace('/app-acme.sock', ''));
  }
  const common = join(dir, 'tenement');
  expect(socketDirs).toEqual([common, expect.stringMatching(new RegExp(`^${common}-[0-9a-f]{8}$`))]);
});

const loaded = (service = '', options: HypervisorOptions = {}) =>
  loadHypervisor(`[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${service}`, options);

it('a hypervisor closed twice ends once, and every verb then fails (bug: half of the verbs still worked)', async () => {
  const hypervisor = await loaded();
  const first = hypervisor.close();
  expect(hypervisor.close()).toBe(first);
  await first;
  const closed = expect.objectContaining({ code: 'closed' });
  expect(() => hypervisor.getInstance('app:acme')).toThrow(closed);
  expect(() => hypervisor.list()).toThrow(closed);
  expect(() => hypervisor.events).toThrow(closed);
  expect(() => hypervisor.tokens).toThrow(closed);
  expect(() => hypervisor.reload()).toThrow(closed);
  await expect(hypervisor.spawn('app', 'acme')).rejects.toThrow(closed);
  await expect(hypervisor.stop('app:acme')).rejects.toThrow(closed);
});

it('a spawn with invalid input registers nothing (bug: it did)', async () => {
  const hypervisor = await loaded();
  const bad = { limits: { memoryLimitMb: -5 } };
  await expect(hypervisor.spawn('app', 'acme', bad)).rejects.toMatchObject({ code: 'bad_input' });
  expect(hypervisor.instanceCount).toBe(0);
});

it('tokens are made, listed and revoked, and the events ascribe that to the library', async () => {
  const hypervisor = await loaded();
  const { id, token } = await hypervisor.tokens.create({ name: 'panel', scope: 'tenant:acme', expires: '90d' });
  expect(token).toMatch(/^ten_/);
  expect(hypervisor.tokens.list()).toMatchObject([{ id, name: 'panel', scope: 'tenant:acme', can: ['read'] }]);
  await hypervisor.tokens.revoke(id);
  await expect(hypervisor.tokens.revoke(id)).rejects.toMatchObject({ code: 'unknown_token' });
  const told = hypervisor.events.list().map(({ type, actor }) => `${type} by ${actor}`);
  expect(told).toEqual(['token-created by library', 'token-revoked by library']);
});

it.each([{ nmae: 'x' }, { scope: 5 }, { can: 'read' }, { expires: new Date() }])(
  'a token of %j is refused',
  async (input) => {
    const hypervisor = await loaded();
    await expect(hypervisor.tokens.create(input as object)).rejects.toMatchObject({ code: 'bad_input' });
    expect(hypervisor.tokens.list()).toEqual([]);
  },
);

it('secrets are set, listed without their values and removed, and bad input shows nothing of itself', async () => {
  const hypervisor = await loaded();
  await hypervisor.spawn('app', 'acme', { start: false });
  expect(await hypervisor.secrets.set('acme', 'KEY', 'hunter2')).toMatchObject({ name: 'KEY', version: 1 });
  expect(JSON.stringify([hypervisor.secrets.list('acme'), hypervisor.events.list()])).not.toContain('hunter2');
  for (const [name, value] of [
    ['KEY', 12345],
    [12345, 'x'],
    ['hidden value', 'x'],
  ] as unknown as [string, string][]) {
    const error = await hypervisor.secrets.set('acme', name, value).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'bad_input', message: expect.not.stringMatching(/12345|hidden/) });
  }
  await hypervisor.secrets.remove('acme', 'KEY');
  expect(hypervisor.secrets.list('acme')).toEqual({ secrets: [], missing: [] });
});

it('events are listed for an instance named as the verbs take it', async () => {
  const hypervisor = await loaded();
  const id: string = 'acme';
  await hypervisor.spawn('app', id, { start: false });
  await hypervisor.spawn('app', 'globex', { start: false });
  const types = hypervisor.events.list({ instance: `app:${id}` }).map(({ instance, type }) => [instance, type]);
  expect(types).toEqual([['app:acme', 'spawned']]);
  expect(() => hypervisor.events.list({ instance: 'nobody' })).toThrow(expect.objectContaining({ code: 'bad_id' }));
});

describe('a hypervisor closed with an unreleased lease (bug: close() took drain_timeout, and said nothing)', () => {
  /** A hypervisor with an unreleased lease, and its warnings. */
  async function leased(service: string) {
    const warnings: [object, string][] = [];
    const warn = (fields: object, message: string) => void warnings.push([fields, message]);
    const hypervisor = await loaded(service, { logger: { ...silentLogger(), warn } });
    await hypervisor.spawn('app', 'acme');
    const claim = await hypervisor.claim('app:acme', new AbortController().signal, '203.0.113.7');
    expect(claim).toHaveProperty('release');
    return { hypervisor, warnings };
  }
  const told = expect.objectContaining({ instance: 'app:acme', client: '203.0.113.7' });

  it('ends after drain_timeout, and names the lease', async () => {
    const { hypervisor, warnings } = await leased('drain_timeout = "300ms"\n');
    await hypervisor.close();
    expect(warnings).toContainEqual([
      { instance: 'app:acme', afterMs: expect.any(Number), requests: 1, streams: 0, direct: 0 },
      'drain timed out; ending the process anyway',
    ]);
    expect(warnings).toContainEqual([{ leases: [told] }, 'closed with leases that were not released']);
  });

  it.each([
    ['drainTimeoutMs', () => ({ drainTimeoutMs: 50 })],
    ['hurry', () => ({ hurry: AbortSignal.timeout(50) })],
  ])('%s ends it sooner', async (_name, options) => {
    const { hypervisor, warnings } = await leased('drain_timeout = "1h"\n');
    await hypervisor.close(options());
    expect(warnings).toContainEqual([{ leases: [told] }, 'closed with leases that were not released']);
  });

  it('does not name the lease once it is released', async () => {
    const { hypervisor, warnings } = await leased('');
    const claim = await hypervisor.claim('app:acme', new AbortController().signal);
    if ('release' in claim) claim.release();
    await hypervisor.close({ drainTimeoutMs: 50 });
    expect(warnings.filter(([, message]) => message.startsWith('closed'))).toEqual([
      [{ leases: [told] }, 'closed with leases that were not released'],
    ]);
  });
});
