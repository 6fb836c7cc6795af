/** gVisor: a kernel of its own for each tenant. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMissing } from './fronts.ts';
import { isRunning, readProc, serve, serveAll, type TestServer } from './support.ts';

const service = (name: string, keys = '') => `[service.${name}]
command = "node {fixtures}/tenant.mjs"
health = "/health"
isolation = "sandbox"
${keys}
`;

/** For tests that use only instances of their own. */
const SHARED = `backoff_base_ms = 10000
${service('app')}${service('offline', 'network = "none"')}${service('small', 'memory_limit_mb = 150')}
${service('own', 'user = "dynamic"')}${service('ported', 'listen = "port"')}[proxy]\ndefault_service = "app"\n`;

const isRoot = process.getuid?.() === 0;

async function spawned(server: TestServer, name = 'app:acme'): Promise<TestServer> {
  const [service = '', id = ''] = name.split(':');
  await server.cli('spawn', service, '--id', id);
  return server;
}

describe.skipIf(!isRoot || isMissing('runsc'))('a sandbox (as root; apt-get install runsc)', () => {
  const running = serveAll(SHARED);

  it("has a kernel of its own, and its socket is the host's", async () => {
    const server = await spawned(running(), 'offline:offline');
    const { pid, dataDir } = JSON.parse((await server.get('offline.offline.localhost')).body);
    expect([pid, dataDir]).toEqual([1, join(server.dataDir, 'offline')]);
    const seen = async (path: string) =>
      JSON.parse((await server.get('offline.offline.localhost', `/ls?path=${path}`)).body);
    expect(await seen(server.dataDir)).toEqual(['offline']);
    // gVisor has far fewer settings than Linux.
    expect((await seen('/proc/sys')).length).toBeLessThan(readdirSync('/proc/sys').length);
    await expect.poll(async () => (await server.instance('offline:offline')).memoryBytes ?? 0).toBeGreaterThan(0);
  });

  it("has an empty stdin that is not the host's (bug: /dev/null came to belong to nobody)", async () => {
    const server = await spawned(running(), 'app:silent');
    expect((await server.instance('app:silent')).state).toBe('ready');
    expect(statSync('/dev/null').uid).toBe(0);
  });

  it('ends in order, and leaves nothing behind', async () => {
    const server = await spawned(await serve(service('app')));
    const { pid } = await server.instance('app:acme');
    const all = [pid ?? 0, ...childrenOf(pid ?? 0)];
    expect(all.length).toBeGreaterThan(1);
    await server.cli('stop', 'app:acme');
    expect(all.filter(isRunning)).toEqual([]);
    expect(await server.instance('app:acme')).toMatchObject({ lastExit: { code: 0, signal: null, reason: 'stopped' } });
    expect(readdirSync(join(server.dataDir, '.tenement/sandbox'))).toEqual([]);
  });

  it('reports a process that a signal ended', async () => {
    const server = await spawned(running(), 'app:aborted');
    await server.get('aborted.localhost', '/abort', { method: 'POST' });
    await server.event('app:aborted', 'crashed');
    expect(await server.instance('app:aborted')).toMatchObject({ lastExit: { signal: 'SIGABRT', reason: 'signal' } });
  });

  it('is ended as a whole over its memory limit, reason oom', async () => {
    const server = await spawned(running(), 'small:small');
    await server.get('small.small.localhost', '/leak', { method: 'POST' });
    await server.event('small:small', 'oom-killed');
    await expect
      .poll(() => server.instance('small:small'))
      .toMatchObject({ lastExit: { signal: 'SIGKILL', reason: 'oom' } });
  });

  it('creates files that belong to its user', async () => {
    const server = await spawned(running(), 'own:own');
    const { pid } = await server.instance('own:own');
    const { uid } = statSync(join(server.dataDir, 'own'));
    expect(uid).toBeGreaterThanOrEqual(200_000);
    expect((await server.get('own.own.localhost')).status).toBe(200);
    // gVisor's own processes do not run as a tenant.
    expect(readFileSync(`/proc/${pid}/status`, 'latin1')).toMatch(/^Uid:\t0\t/m);
  });

  it('is reached at a port with network = "host"', async () => {
    const server = await spawned(running(), 'ported:ported');
    expect(JSON.parse((await server.get('ported.ported.localhost')).body)).toMatchObject({ tenant: 'ported' });
  });

  it('outlives a server that is killed, and is ended by the next', async () => {
    const server = await spawned(await serve(service('app')));
    const { pid } = await server.instance('app:acme');
    await server.stop('SIGKILL');
    await server.start();
    await server.event('app:acme', 'adopted');
    await expect.poll(() => server.instance('app:acme')).toMatchObject({ state: 'ready', pid });
    await server.get('acme.localhost', '/print?text=still+here');
    await expect.poll(async () => (await server.cli('logs', 'app:acme')).stdout).toContain('still here');
    const all = [pid ?? 0, ...childrenOf(pid ?? 0)];
    await server.cli('stop', 'app:acme');
    expect(all.filter(isRunning)).toEqual([]);
  });

  it('ends with the process that runs it', async () => {
    const server = await spawned(running(), 'app:killed');
    const { pid } = await server.instance('app:killed');
    const all = [pid ?? 0, ...childrenOf(pid ?? 0)];
    process.kill(pid ?? 0, 'SIGKILL');
    await server.event('app:killed', 'crashed');
    await expect.poll(() => all.filter(isRunning)).toEqual([]);
  });
});

function childrenOf(pid: number): number[] {
  const own = readProc(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}
