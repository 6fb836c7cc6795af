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
