/** `[proxy] workers`: the proxy in several processes. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { beginUpload } from './clients.ts';
import { isRunning, serve, serveAll, writeConfig } from './support.ts';
import { config, replaced, served, spawned, statusesOf, statusOrNone, workersOf } from './worker-processes.ts';

describe('proxy workers', () => {
  const running = serveAll(`${config()}[service.idle]\ncommand = "node {fixtures}/tenant.mjs"\nidle_timeout = 2\n`);

  it('wake an instance once, and count its requests exactly', async () => {
    const server = await spawned(running(), 'counted');
    await expect.poll(() => workersOf(server)).toHaveLength(2);
    const round = () => statusesOf(Array.from({ length: 100 }, () => server.get('counted.localhost')));
    expect(await round()).toEqual(new Set([200]));
    expect(server.processesOf('counted')).toHaveLength(1);
    expect(await round()).toEqual(new Set([200]));
    await expect
      .poll(() => server.instance('app:counted'))
      .toMatchObject({ requests: 200, inFlight: 0, openStreams: 0, openConnections: 0, wakes: 1 });
  });

  it('fail no request while the instance is put to sleep and restarted', async () => {
    const server = await spawned(running(), 'restarted');
    let going = true;
    const seen = new Set<number>();
    const client = async () => {
      while (going) seen.add((await server.get('restarted.localhost')).status);
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    for (const verb of ['sleep', 'restart', 'sleep', 'restart']) await server.cli(verb, 'app:restarted');
    going = false;
    await clients;
    expect(seen).toEqual(new Set([200]));
  });

  it('wait for requests in flight before the process is asked to end', async () => {
    const server = await spawned(running(), 'draining');
    await server.get('draining.localhost');
    const upload = beginUpload(server.proxyPort, 'draining.localhost', '/echo');
    await expect.poll(async () => (await server.instance('app:draining')).inFlight).toBe(1);
    const asleep = server.cli('sleep', 'app:draining');
    await expect.poll(async () => (await server.instance('app:draining')).state).toBe('draining');
    expect(await upload.end()).toEqual({ status: 200, body: 'begun and ended' });
    await asleep;
    expect(await server.instance('app:draining')).toMatchObject({ state: 'asleep', inFlight: 0 });
  });

  it('keep an instance with a WebSocket awake, and let it sleep when the WebSocket is closed', async () => {
    const server = await spawned(running(), 'idle', 'idle');
    await server.get('idle.idle.localhost');
    const socket = new WebSocket(`ws://127.0.0.1:${server.proxyPort}/`, { headers: { host: 'idle.idle.localhost' } });
    await once(socket, 'open');
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(await server.instance('idle:idle')).toMatchObject({ state: 'ready', openStreams: 1 });
    socket.close();
    await server.event('idle:idle', 'slept');
  });

  it('that crash are replaced, and their open requests are no longer counted', async () => {
    const server = await spawned(running(), 'crashed');
    await server.get('crashed.localhost');
    const hanging = server.get('crashed.localhost', '/hang').catch((error: NodeJS.ErrnoException) => error.code);
    await expect.poll(async () => (await server.instance('app:crashed')).inFlight).toBe(1);
    const before = workersOf(server);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    expect(await hanging).toBe('ECONNRESET');
    await expect.poll(async () => (await server.instance('app:crashed')).inFlight).toBe(0);
    await replaced(server, before);
    await expect.poll(() => statusOrNone(server, 'crashed.localhost')).toBe(200);
  });

  it('follow a reloaded config', async () => {
    const server = await served();
    expect((await server.get('acme.other.test')).status).toBe(404);
    writeConfig(server.configFile, config('other.test'));
    await server.event(null, 'reloaded');
    await expect.poll(async () => (await server.get('acme.other.test')).status).toBe(200);
    await server.cli('rm', 'app:acme');
    await expect.poll(async () => (await server.get('acme.other.test')).status).toBe(404);
  });

  it('end with their server, however it ends', async () => {
    const server = await served();
    const first = workersOf(server);
    await server.stop('SIGKILL');
    for (const pid of first) await expect.poll(() => isRunning(pid)).toBe(false);
    await server.start();
    const second = workersOf(server);
    expect((await server.get('acme.localhost')).status).toBe(200);
    await server.stop('SIGINT');
    expect(second.filter(isRunning)).toEqual([]);
  });

  it('report that their port is in use', async () => {
    const server = await served();
    const taken = `127.0.0.1:${server.proxyPort}`;
    await expect(serve(config(), ['--proxy', taken])).rejects.toThrow(/another program listens there/);
  });
});
