/** Activity that goes past the proxy: known without being seen. The waits of these tests overlap. */
import { once } from 'node:events';
import { Agent } from 'node:http';
import { describe, it, type TestContext } from 'vitest';
import { WebSocket } from 'ws';
import { askSocket } from './clients.ts';
import { isMissing, startKeepingNginx } from './fronts.ts';
import { isRunning, serve, serveAll, type TestServer } from './support.ts';
import { send } from './test-server.ts';

const service = (name: string, keys = '') =>
  `[service.${name}]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${keys}\n`;

/** Returns the public socket of an instance that was started a moment ago. */
async function socketOfStarted(server: TestServer, id: string, name = 'app'): Promise<string> {
  await server.api(`/spawn/${name}/--id=${id}`);
  return (await server.instance(`${name}:${id}`)).socket ?? '';
}

async function pidThrough(socket: string): Promise<number> {
  return JSON.parse((await askSocket(socket)).body).pid;
}

describe.concurrent('an instance that is used only through its socket', () => {
  const running = serveAll(`${service('app', 'idle_timeout = 4')}${service('brief', 'idle_timeout = 2')}`);

  it('stays awake while a request comes at least once in half its idle timeout, then sleeps', async ({ expect }) => {
    const server = running();
    const socket = await socketOfStarted(server, 'asked');
    const pid = await pidThrough(socket);
    let askedMs = 0;
    for (let round = 0; round < 4; round += 1) {
      await pause(1500);
      askedMs = Date.now();
      expect(await pidThrough(socket)).toBe(pid);
    }
    const sleptMs = await server.event('app:asked', 'slept');
    expect(isRunning(pid)).toBe(false);
    expect(sleptMs - askedMs).toBeGreaterThan(3900);
    expect(sleptMs - askedMs).toBeLessThan(10_000);
  });

  it('stays awake while a request or a WebSocket is open, and status says so', async ({ expect }) => {
    const server = running();
    const socket = await socketOfStarted(server, 'open', 'brief');
    const client = new WebSocket(`ws+unix://${socket}:/`);
    await once(client, 'open');
    await pause(3500);
    expect(await server.instance('brief:open')).toMatchObject({
      state: 'ready',
      openConnections: 1,
      reason: expect.stringContaining('1 connection is open directly to its socket'),
    });
    client.close();
    await server.event('brief:open', 'slept');
  });

  it('is kept awake by traffic on connections that stay open', async ({ expect }) => {
    const server = running();
    const socket = await socketOfStarted(server, 'kept');
    const agent = new Agent({ keepAlive: true });
    const pid = JSON.parse((await askSocket(socket, '/', { agent })).body).pid;
    for (let round = 0; round < 4; round += 1) {
      await pause(1500);
      expect(JSON.parse((await askSocket(socket, '/', { agent })).body).pid).toBe(pid);
    }
    agent.destroy();
    await server.event('app:kept', 'slept');
  });

  it('is not kept awake by its health checks', async ({ onTestFinished }) => {
    const toml = `health_check_interval = "200ms"\n${service('app', 'idle_timeout = 1')}`;
    const server = await serve(toml, [], onTestFinished);
    await server.api('/spawn/app/--id=acme');
    await server.event('app:acme', 'slept');
  });
});

/** Node keeps idle connections for 5 s, most servers longer. */
const KEEPING = service('app', 'idle_timeout = 4\nenv = { KEEP_ALIVE_MS = "60000" }');

const needed = ['nginx', 'ss'].filter(isMissing);
describe.skipIf(needed.length > 0)(
  'an instance behind an nginx that keeps connections (apt-get install nginx-light iproute2)',
  { concurrent: true },
  () => {
    const running = serveAll(KEEPING);

    const behindNginx = async (server: TestServer, id: string, { onTestFinished }: TestContext) => {
      await server.api(`/spawn/app/--id=${id}?start=false`);
      const { socket } = await server.instance(`app:${id}`);
      const front = await startKeepingNginx(server.dir, socket ?? '', onTestFinished);
      await server.api(`/api/instances/app:${id}/start`, { method: 'POST' });
      return front;
    };
    const pidThroughNginx = async ({ port }: { port: number }) => JSON.parse((await send(port, '/', {})).body).pid;

    it('stays awake while a request comes at least once in half its idle timeout, then sleeps in time', async (test) => {
      const { expect } = test;
      const server = running();
      const front = await behindNginx(server, 'asked', test);
      const pid = await pidThroughNginx(front);
      let askedMs = 0;
      for (let round = 0; round < 4; round += 1) {
        await pause(1500);
        askedMs = Date.now();
        expect(await pidThroughNginx(front)).toBe(pid);
      }
      expect((await server.instance('app:asked')).openConnections).toBeGreaterThan(0);
      const sleptMs = await server.event('app:asked', 'slept');
      expect(sleptMs - askedMs).toBeGreaterThan(3900);
      expect(sleptMs - askedMs).toBeLessThan(10_000);
      expect(await pidThroughNginx(front)).not.toBe(pid);
    });

    it('is not kept awake by its health checks while nginx keeps a connection (bug: it never slept)', async (test) => {
      const server = await serve(`health_check_interval = "1s"\n${KEEPING}`, [], test.onTestFinished);
      const front = await behindNginx(server, 'acme', test);
      await pidThroughNginx(front);
      const askedMs = Date.now();
      test.expect((await server.event('app:acme', 'slept')) - askedMs).toBeGreaterThan(3900);
    });

    it('sleeps again in time after a kept connection woke it', async (test) => {
      const { expect } = test;
      const server = running();
      const front = await behindNginx(server, 'woken', test);
      await server.cli('sleep', 'app:woken');
      const askedMs = Date.now();
      await pidThroughNginx(front);
      const sleptMs = await server.event('app:woken', 'slept', 2);
      expect(sleptMs - askedMs).toBeGreaterThan(3900);
      expect(sleptMs - askedMs).toBeLessThan(10_000);
    });

    it('is kept awake by a silent WebSocket', async (test) => {
      const server = running();
      const front = await behindNginx(server, 'silent', test);
      const pid = await pidThroughNginx(front);
      const socket = new WebSocket(`ws://127.0.0.1:${front.port}/`);
      await once(socket, 'open');
      await pause(6500);
      test.expect(await server.instance('app:silent')).toMatchObject({ state: 'ready', pid });
      socket.close();
      await server.event('app:silent', 'slept');
    });
  },
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
