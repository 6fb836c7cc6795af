/** `storage_limit_mb`, on a real server with real directories. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { serve, type TestServer, writeConfig } from './support.ts';

const app = (keys: string) => `[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${keys}\n`;

async function eventsOf(server: TestServer, instance: string): Promise<{ type: string; data: unknown }[]> {
  const { body } = await server.api(`/api/events?instance=${instance}`);
  return body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

// The busier the machine, the longer a measurement takes, and the longer it is until the next. The waits overlap.
describe.concurrent('a tenant that fills its directory', { timeout: 90_000 }, () => {
  it('is reported by an event, status and the metrics, and keeps running', async ({ expect, onTestFinished }) => {
    const server = await serve(app('storage_limit_mb = 8'), [], onTestFinished);
    await server.api('/spawn/app/--id=acme');
    await server.get('acme.localhost', '/fill?mb=12');
    await server.event('app:acme', 'over-storage');
    const view = await server.instance('app:acme');
    expect(view).toMatchObject({ state: 'ready', limits: { storageLimitMb: 8 } });
    expect(view.storageBytes).toBeGreaterThanOrEqual(12 * 1024 ** 2);
    const told = (await eventsOf(server, 'app:acme')).find(({ type }) => type === 'over-storage');
    expect(told?.data).toEqual({ bytes: view.storageBytes, limitBytes: 8 * 1024 ** 2 });
    const { stdout } = await server.cli('status', 'app:acme');
    expect(stdout).toMatch(/storage +12\.\d MB of 8\.0 MB, .* over its storage limit; delete files in its directory/);
    const metrics = await server.api('/metrics');
    expect(metrics.body).toContain(
      `tenement_instance_storage_bytes{service="app",tenant="acme"} ${view.storageBytes ?? 0}`,
    );
  });

  it('with storage_action = "stop" is stopped for good, alone, until it has room and is started', async ({
    expect,
    onTestFinished,
  }) => {
    const server = await serve(app('storage_limit_mb = 8\nstorage_action = "stop"'), [], onTestFinished);
    for (const id of ['acme', 'globex']) await server.api(`/spawn/app/--id=${id}`);
    await server.get('acme.localhost', '/fill?mb=12');
    await server.event('app:acme', 'stopped');
    const stopped = { state: 'stopped', reason: expect.stringContaining('over its storage limit: 12.') };
    expect(await server.instance('app:acme')).toMatchObject({ ...stopped, lastExit: { reason: 'storage' } });
    expect(JSON.parse((await server.get('acme.localhost')).body)).toMatchObject({ status: 503, code: 'stopped' });
    expect((await server.get('globex.localhost')).status).toBe(200);

    await server.stop();
    await server.start();
    expect(await server.instance('app:acme')).toMatchObject(stopped);
    expect((await server.get('acme.localhost')).status).toBe(503);

    rmSync(join(server.dataDir, 'acme/filled'));
    await server.api('/api/instances/app:acme/start', { method: 'POST' });
    await server.event('app:acme', 'storage-ok');
    expect((await server.get('acme.localhost')).status).toBe(200);
    const types = (await eventsOf(server, 'app:acme')).map(({ type }) => type);
    expect(types.filter((type) => type.includes('storage'))).toEqual(['over-storage', 'storage-ok']);
  });

  it("may have a limit of its own, and a reload changes the others' limit at once", async ({
    expect,
    onTestFinished,
  }) => {
    const server = await serve(app('storage_limit_mb = 64\nstorage_action = "stop"'), [], onTestFinished);
    await server.api('/spawn/app/--id=acme');
    await server.cli('spawn', 'app', '--id', 'large', '--storage-limit-mb', '128');
    for (const id of ['acme', 'large']) await server.get(`${id}.localhost`, '/fill?mb=12');
    await expect
      .poll(
        async () => [
          (await server.instance('app:acme')).storageBytes,
          (await server.instance('app:large')).storageBytes,
        ],
        { timeout: 60_000 },
      )
      .toEqual([expect.any(Number), expect.any(Number)]);
    writeConfig(server.configFile, app('storage_limit_mb = 8\nstorage_action = "stop"'));
    await server.event('app:acme', 'stopped');
    expect(await server.instance('app:large')).toMatchObject({ state: 'ready', limits: { storageLimitMb: 128 } });
  });
});
