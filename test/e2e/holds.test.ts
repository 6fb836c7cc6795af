/** A tenant that is held under load, with real processes, through the proxy and at its public socket. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openParts } from '../../src/compose.ts';
import { CLI } from '../../src/core/access/actor.ts';
import { proxyLimits } from '../../src/core/limits/descriptors.ts';
import { silentLogger } from '../../src/logger.ts';
import { createProxy } from '../../src/proxy/server.ts';
import { askSocket } from './clients.ts';
import { constantLoad } from './constant-load.ts';
import { isRunning, temporaryDirectory, writeConfig } from './support.ts';
import { send } from './test-server.ts';

const HOLDS = 5;

async function open(toml: string) {
  const dir = temporaryDirectory();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  vi.stubEnv('XDG_RUNTIME_DIR', dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  const file = join(dir, 'tenement.toml');
  writeConfig(file, toml);
  const logger = silentLogger();
  const parts = await openParts(file, { logger, loadOptions: {} });
  onTestFinished(async () => {
    await parts.supervisor.close({ drainTimeoutMs: 0 });
    await parts.release({});
  });
  const { supervisor: source, proxySettings: settings, turnedAway, descriptors, served } = parts;
  const limits = proxyLimits(served.current.proxy.limits, descriptors);
  const proxy = createProxy({ source, settings, turnedAway, limits, logger });
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => proxy.close(0));
  return { supervisor: source, port };
}

it('a tenant that is held again and again under load has no process meanwhile, and fails no request', async () => {
  const { supervisor, port } = await open(
    '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n',
  );
  const { view } = await supervisor.by(CLI).spawn('app', 'acme');
  const throughProxy = constantLoad(4, () => send(port, '/', { headers: { host: 'acme.localhost' } }));
  const direct = constantLoad(2, () => askSocket(view.socket ?? ''));
  for (let round = 0; round < HOLDS; round += 1) {
    const pid = supervisor.get('app:acme').pid ?? 0;
    await supervisor.hold('acme', async () => {
      expect(isRunning(pid)).toBe(false);
      // Requests that come now find nobody.
      await expect.poll(() => supervisor.get('app:acme').reason).toContain('6 requests wait');
    });
    await throughProxy.more(20);
    await direct.more(10);
  }
  for (const { answers, failures } of [await throughProxy.end(), await direct.end()]) {
    expect(failures).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  }
});
