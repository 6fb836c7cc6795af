/** Limits and isolation, as far as this host supports them. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tenement } from '../command.ts';
import { isMissing } from '../fronts.ts';
import { isRunning, serve, writeConfig } from '../support.ts';

const app = (keys: string) => `[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${keys}\n`;

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('caps, enforced by the kernel (as root)', () => {
  it('end an instance over its memory limit, reason oom, and it is restarted', async () => {
    const server = await serve(`backoff_base_ms = 10\n${app('memory_limit_mb = 100')}`);
    await server.cli('spawn', 'app', '--id', 'acme');
    await server.get('acme.localhost', '/leak', { method: 'POST' });
    await server.event('app:acme', 'oom-killed');
    expect((await server.get('acme.localhost')).status).toBe(200);
    expect(await server.instance('app:acme')).toMatchObject({ lastExit: { signal: 'SIGKILL', reason: 'oom' } });
  });

  it("apply to an instance's own limits", async () => {
    const server = await serve(app('memory_limit_mb = 100\npids_limit = 50'));
    await server.cli('spawn', 'app', '--id', 'big', '--memory-limit-mb', '400');
    expect((await server.get('big.localhost', '/leak')).status).toBe(200);
    expect(await server.instance('app:big')).toMatchObject({
      limits: { memoryLimitMb: 400, pidsLimit: 50, cpuLimit: null },
      memoryLimitBytes: 400 * 1024 * 1024,
    });
  });
});

const noNamespaces = isMissing('bwrap');

describe.skipIf(noNamespaces)('namespaces (apt-get install bubblewrap)', () => {
  it('show a tenant its own processes and directory, and nothing of the others', async () => {
    const server = await serve(app('isolation = "namespace"'));
    for (const id of ['acme', 'globex']) await server.cli('spawn', 'app', '--id', id);
    const { pid, dataDir } = JSON.parse((await server.get('acme.localhost')).body);
    expect(dataDir).toBe(join(server.dataDir, 'acme'));
    // In its own pid namespace, after the first process, which belongs to bwrap.
    expect(pid).toBe(2);
    const seen = JSON.parse((await server.get('acme.localhost', `/ls?path=${server.dataDir}`)).body);
    expect(seen).toEqual(['acme']);
  });

  it('let a tenant end in order: its answer to SIGTERM is its exit', async () => {
    const server = await serve(app('isolation = "namespace"'));
    await server.cli('spawn', 'app', '--id', 'acme');
    const { pid } = await server.instance('app:acme');
    await server.cli('stop', 'app:acme');
    expect(isRunning(pid ?? 0)).toBe(false);
    expect(await server.instance('app:acme')).toMatchObject({ lastExit: { code: 0, signal: null, reason: 'stopped' } });
  });

  it('report a process that a signal ended', async () => {
    const server = await serve(`backoff_base_ms = 10000\n${app('isolation = "namespace"')}`);
    await server.cli('spawn', 'app', '--id', 'acme');
    await server.get('acme.localhost', '/abort', { method: 'POST' });
    await server.event('app:acme', 'crashed');
    expect(await server.instance('app:acme')).toMatchObject({ lastExit: { signal: 'SIGABRT', reason: 'signal' } });
  });
});

describe.skipIf(!isRoot || noNamespaces)(
  'the cgroup of a tenant in a namespace (as root, apt-get install bubblewrap)',
  () => {
    it.each(['dynamic', 'root'])('is readable with its limits, and no other cgroup is: user = "%s"', async (user) => {
      const keys = `isolation = "namespace"\nuser = "${user}"\nmemory_limit_mb = 200`;
      const server = await serve(`[service.app]\ncommand = "node {fixtures}/cgroup.mjs"\n${keys}`);
      for (const id of ['globex', 'acme']) await server.cli('spawn', 'app', '--id', id);
      const { memory, ...rest } = JSON.parse((await server.get('acme.localhost')).body);
      // Node reads memory.high of version 2.
      expect([200 * 1024 * 1024, (200 * 1024 * 1024 * 31) / 32]).toContain(memory);
      expect(rest).toEqual({
        refusals: ['EROFS'],
        instances: ['app.acme'],
      });
      const command = ['app:acme', '--', 'node', '-p', 'process.constrainedMemory()'];
      const words = ['-c', server.configFile, 'exec', ...command];
      const { stdout } = await tenement(words, { XDG_RUNTIME_DIR: server.dir });
      expect(Number(stdout)).toBe(memory);
    });
  },
);

describe.skipIf(!isRoot)('a user for each tenant (as root)', () => {
  it.skipIf(noNamespaces)('comes with a namespace, goes with user = "root", and can come back', async () => {
    const server = await serve(app('isolation = "namespace"'));
    const tenantDir = join(server.dataDir, 'acme');
    await server.cli('spawn', 'app', '--id', 'acme');
    await server.get('acme.localhost', '/fill?mb=1');
    const owners = () => [tenantDir, join(tenantDir, 'filled')].map((path) => statSync(path).uid);
    const expectTenants = () => {
      const [uid = 0, ofFile] = owners();
      expect(uid).toBeGreaterThanOrEqual(200_000);
      expect(ofFile).toBe(uid);
    };
    expectTenants();
    await server.cli('stop', 'app:acme');
    const restartAs = async (user: string) => {
      writeConfig(server.configFile, app(`isolation = "namespace"\n${user}`));
      await server.stop();
      await server.start();
      await server.cli('start', 'app:acme');
      expect((await server.get('acme.localhost', '/fill?mb=1')).status).toBe(200);
      await server.cli('stop', 'app:acme');
    };
    await restartAs('user = "root"');
    expect(owners()).toEqual([0, 0]);
    await restartAs('');
    expectTenants();
  });

  it("is the tenant's own, owns its directory, and is the same after a restart", async () => {
    const server = await serve(app('user = "dynamic"'));
    for (const id of ['acme', 'globex']) await server.cli('spawn', 'app', '--id', id);
    const ownerOf = (id: string) => statSync(join(server.dataDir, id)).uid;
    expect(ownerOf('acme')).toBeGreaterThanOrEqual(200_000);
    expect(ownerOf('globex')).not.toBe(ownerOf('acme'));
    const before = ownerOf('acme');
    await server.cli('restart', 'app:acme');
    const { pid } = await server.instance('app:acme');
    const [, uid] = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    expect([Number(uid), ownerOf('acme')]).toEqual([before, before]);
    expect((await server.get('acme.localhost')).status).toBe(200);
  });
});
