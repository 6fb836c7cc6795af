/** Activity that goes past the proxy: known without being seen. */
import { once } from 'node:events';
import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { askSocket } from './clients.ts';
import { isMissing, startKeepingNginx } from './fronts.ts';
import { isRunning, serve, type TestServer } from './support.ts';
import { send } from './test-server.ts';

const app = (keys = '') => `[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${keys}\n`;

/** Of one that was started a moment ago. */
async function socketOfStarted(server: TestServer): Promise<string> {
  await server.api('/spawn/app/--id=acme');
  return (await server.instance('app:acme')).socket ?? '';
}

async function pidThrough(socket: string): Promise<number> {
  return JSON.parse((await askSocket(socket)).body).pid;
}

describe('an instance that is used only through its socket', () => {
  it('stays awake while a request comes at least once in half its idle timeout, then sleeps', async () => {
    const server = await serve(app('idle_timeout = 4'));
    const socket = await socketOfStarted(server);
    const pid = await pidThrough(socket);
    let askedMs = 0;
    for (let round = 0; round < 4; round += 1) {
      await pause(1500);
      askedMs = Date.now();
      expect(await pidThrough(socket)).toBe(pid);
    }
    const sleptMs = await server.event('app:acme', 'slept');
    expect(isRunning(pid)).toBe(false);
    expect(sleptMs - askedMs).toBeGreaterThan(3900);
    expect(sleptMs - askedMs).toBeLessThan(10_000);
  });

  it('stays awake while a request or a WebSocket is open, and status says so', async () => {
    const server = await serve(app('idle_timeout = 2'));
    const socket = await socketOfStarted(server);
    const client = new WebSocket(`ws+unix://${socket}:/`);
    await once(client, 'open');
    await pause(3500);
    expect(await server.instance('app:acme')).toMatchObject({
      state: 'ready',
      openConnections: 1,
      reason: expect.stringContaining('1 connection is open directly to its socket'),
    });
    client.close();
    await server.event('app:acme', 'slept');
  });

  it('is kept awake by traffic on connections that stay open', async () => {
    const server = await serve(app('idle_timeout = 4'));
    const socket = await socketOfStarted(server);
    const agent = new Agent({ keepAlive: true });
    const pid = JSON.parse((await askSocket(socket, '/', { agent })).body).pid;
    for (let round = 0; round < 4; round += 1) {
      await pause(1500);
      expect(JSON.parse((await askSocket(socket, '/', { agent })).body).pid).toBe(pid);
    }
    agent.destroy();
    await server.event('app:acme', 'slept');
  });

  it('is not kept awake by its health checks', async () => {
    const server = await serve(`health_check_interval = "200ms"\n${app('idle_timeout = 1')}`);
    await server.api('/spawn/app/--id=acme');
    await server.event('app:acme', 'slept');
  });
});

/** Node keeps idle connections for 5 s, most servers longer. */
const KEEPING = app('idle_timeout = 4\nenv = { KEEP_ALIVE_MS = "60000" }');

const needed = ['nginx', 'ss'].filter(isMissing);
describe.skipIf(needed.length > 0)(
  'an instance behind an nginx that keeps connections (apt-get install nginx-light iproute2)',
  () => {
    const behindNginx = async (settings = '') => {
      const server = await serve(`${settings}\n${KEEPING}`);
      await server.api('/spawn/app/--id=acme?start=false');
      const { socket } = await server.instance('app:acme');
      const front = await startKeepingNginx(server.dir, socket ?? '');
      await server.api('/api/instances/app:acme/start', { method: 'POST' });
      return { server, front };
    };
    const pidThroughNginx = async ({ port }: { port: number }) => JSON.parse((await send(port, '/', {})).body).pid;

    it('stays awake while a request comes at least once in half its idle timeout, then sleeps in time', async () => {
      const { server, front } = await behindNginx();
      const pid = await pidThroughNginx(front);
      let askedMs = 0;
      for (let round = 0; round < 4; round += 1) {
        await pause(1500);
        askedMs = Date.now();
        expect(await pidThroughNginx(front)).toBe(pid);
      }
      expect((await server.instance('app:acme')).openConnections).toBeGreaterThan(0);
      const sleptMs = await server.event('app:acme', 'slept');
      expect(sleptMs - askedMs).toBeGreaterThan(3900);
      expect(sleptMs - askedMs).toBeLessThan(10_000);
      expect(await pidThroughNginx(front)).not.toBe(pid);
    });

    it('is not kept awake by its health checks while nginx keeps a connection (bug: it never slept)', async () => {
      const { server, front } = await behindNginx('health_check_interval = "1s"');
      await pidThroughNginx(front);
      const askedMs = Date.now();
      expect((await server.event('app:acme', 'slept')) - askedMs).toBeGreaterThan(3900);
    });

    it('sleeps again in time after a kept connection woke it', async () => {
      const { server, front } = await behindNginx();
      await server.cli('sleep', 'app:acme');
      const askedMs = Date.now();
      await pidThroughNginx(front);
      const sleptMs = await server.event('app:acme', 'slept', 2);
      expect(sleptMs - askedMs).toBeGreaterThan(3900);
      expect(sleptMs - askedMs).toBeLessThan(10_000);
    });

    it('is kept awake by a silent WebSocket', async () => {
      const { server, front } = await behindNginx();
      const pid = await pidThroughNginx(front);
      const socket = new WebSocket(`ws://127.0.0.1:${front.port}/`);
      await once(socket, 'open');
      await pause(6500);
      expect(await server.instance('app:acme')).toMatchObject({ state: 'ready', pid });
      socket.close();
      await server.event('app:acme', 'slept');
    });
  },
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
