/** Instances that listen on a port, frozen while unused: no activation socket, and no socket to restore. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRunning, serve, serveFile, type TestServer, temporaryDirectory } from '../support.ts';

const PORT_APP = `[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
listen = "port"
idle_action = "suspend"
`;

async function spawned(server: TestServer): Promise<number> {
  await server.cli('spawn', 'app', '--id', 'acme');
  return (await server.instance('app:acme')).pid ?? 0;
}

const frozen = (pid: number) =>
  expect.poll(() => /^State:\s+[DT]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))).toBe(true);

async function pidsOf(server: TestServer, requests: number): Promise<Set<unknown>> {
  const answers = await Promise.all(Array.from({ length: requests }, () => server.get('acme.localhost')));
  return new Set(answers.map(({ status, body }) => (status === 200 ? JSON.parse(body).pid : `${status} ${body}`)));
}

describe('listen = "port" with idle_action = "suspend"', () => {
  it('is thawed by a request (bug: the server ended on a socket that was not there)', async () => {
    const server = await serve(`${PORT_APP}idle_timeout = 1\n`);
    const pid = await spawned(server);
    await server.event('app:acme', 'suspended');
    await frozen(pid);
    expect(await pidsOf(server, 1)).toEqual(new Set([pid]));
    await server.event('app:acme', 'thawed');
    await server.event('app:acme', 'suspended', 2);
    expect(isRunning(server.pid)).toBe(true);
  });

  it('answers all of a hundred requests that come while it is put to sleep, again and again', async () => {
    const server = await serve(PORT_APP);
    const pid = await spawned(server);
    for (let round = 0; round < 4; round += 1) {
      const [pids] = await Promise.all([pidsOf(server, 100), server.cli('sleep', 'app:acme')]);
      expect(pids).toEqual(new Set([pid]));
    }
  });

  it('thaws under a later server too', async () => {
    const server = await serve(`on_exit = "keep"\n${PORT_APP}`);
    const pid = await spawned(server);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await server.cli('sleep', 'app:acme');
      await server.stop(signal);
      await frozen(pid);
      await server.start();
      expect(await server.instance('app:acme')).toMatchObject({ state: 'suspended', pid });
      expect(await pidsOf(server, 20)).toEqual(new Set([pid]));
    }
  });

  it('is ended by suspend_timeout and by stop while frozen, and starts again', async () => {
    const server = await serve(`${PORT_APP}suspend_timeout = 1\n`);
    const first = await spawned(server);
    await server.cli('sleep', 'app:acme');
    await server.event('app:acme', 'slept');
    const [second] = await pidsOf(server, 1);
    expect(second).not.toBe(first);
    await server.cli('sleep', 'app:acme');
    expect((await server.cli('stop', 'app:acme')).stdout).toContain('stopped');
    expect(isRunning(Number(second))).toBe(false);
  });

  it('works for the example of an application that only knows a port', async () => {
    const dir = temporaryDirectory();
    cpSync(fileURLToPath(new URL('../../../examples/port', import.meta.url)), dir, { recursive: true });
    const config = join(dir, 'tenement.toml');
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace('[instances]', 'idle_action = "suspend"\n\n[instances]'),
    );
    const server = await serveFile(config, dir);
    await server.event('web:acme', 'ready');
    expect((await server.cli('sleep', 'web:acme')).stdout).toContain('suspended');
    expect((await server.get('acme.localhost')).body).toMatch(/^acme on port \d+$/m);
  });
});
