import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Hypervisor } from '../src/hypervisor.ts';
import { askSocket } from './e2e/clients.ts';
import { temporaryDirectory, writeConfig } from './e2e/support.ts';

it('two of different data directories live in one process, each with its own sockets', async () => {
  const dir = temporaryDirectory();
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

async function loaded() {
  const dir = temporaryDirectory();
  vi.stubEnv('XDG_RUNTIME_DIR', dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  const file = join(dir, 'tenement.toml');
  writeConfig(file, '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n');
  const hypervisor = await Hypervisor.load(file);
  onTestFinished(() => hypervisor.close());
  return hypervisor;
}

it('closed twice it ends once, and then answers nothing (bug: half of the verbs still did)', async () => {
  const hypervisor = await loaded();
  const first = hypervisor.close();
  expect(hypervisor.close()).toBe(first);
  await first;
  const closed = expect.objectContaining({ code: 'closed' });
  expect(() => hypervisor.getInstance('app:acme')).toThrow(closed);
  expect(() => hypervisor.listInstances()).toThrow(closed);
  expect(() => hypervisor.events).toThrow(closed);
  expect(() => hypervisor.reload()).toThrow(closed);
  await expect(hypervisor.spawn('app', 'acme')).rejects.toThrow(closed);
  await expect(hypervisor.stop('app:acme')).rejects.toThrow(closed);
});

it('a spawn with what cannot be registers nothing (bug: it did)', async () => {
  const hypervisor = await loaded();
  const bad = { limits: { memoryLimitMb: -5 } };
  await expect(hypervisor.spawn('app', 'acme', bad)).rejects.toMatchObject({ code: 'bad_input' });
  expect(hypervisor.instanceCount).toBe(0);
});

it('events are listed for an instance that a string names, as the verbs take it', async () => {
  const hypervisor = await loaded();
  const id: string = 'acme';
  await hypervisor.spawn('app', id, { start: false });
  await hypervisor.spawn('app', 'globex', { start: false });
  const types = hypervisor.events.list({ instance: `app:${id}` }).map(({ instance, type }) => [instance, type]);
  expect(types).toEqual([['app:acme', 'spawned']]);
  expect(() => hypervisor.events.list({ instance: 'nobody' })).toThrow(expect.objectContaining({ code: 'bad_id' }));
});
