/** `[proxy] workers`: the proxy in several processes. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { beginUpload } from './clients.ts';
import { isRunning, readProc, serve, serveAll, type TestServer, writeConfig } from './support.ts';

const config = (domain = 'localhost') =>
  `[proxy]\nworkers = 2\ndefault_service = "app"\ndomain = "${domain}"\n[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n`;

/** Lists children of the server that are no tenants. */
function workersOf(server: TestServer): number[] {
  const children = readProc(`/proc/${server.pid}/task/${server.pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => readProc(`/proc/${pid}/cmdline`).includes('proxy worker'));
}

/** Settles when the same number of other workers runs. */
async function replaced(server: TestServer, before: readonly number[]): Promise<void> {
  await expect.poll(() => workersOf(server).filter((pid) => !before.includes(pid))).toHaveLength(before.length);
}

/** Ends the workers until the test holds their port. */
async function takePortOf(server: TestServer): Promise<Server> {
  for (;;) {
    for (const pid of workersOf(server)) killIfThere(pid);
    const taker = createServer((socket) => socket.destroy()).listen(server.proxyPort, '127.0.0.1');
    if (await once(taker, 'listening').then(Boolean, () => false)) return taker;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The worker has ended meanwhile.
  }
}

/** The status; 0 without a response. */
function statusOrNone(server: TestServer, host = 'acme.localhost'): Promise<number> {
  return server.get(host).then(
    ({ status }) => status,
    () => 0,
  );
}

const statusesOf = async (answers: Promise<{ status: number }>[]) =>
  new Set((await Promise.all(answers)).map(({ status }) => status));

async function served(): Promise<TestServer> {
  return spawned(await serve(config()), 'acme');
}

/** Returns the server with an instance for one test, once both workers run. */
async function spawned(server: TestServer, id: string, service = 'app'): Promise<TestServer> {
  await server.cli('spawn', service, '--id', id, '--no-start');
  await expect.poll(() => workersOf(server)).toHaveLength(2);
  return server;
}

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

  it('that hang are replaced, and the others serve meanwhile', async () => {
    const server = await spawned(running(), 'hung');
    await server.get('hung.localhost');
    const [hung = 0] = workersOf(server);
    process.kill(hung, 'SIGSTOP');
    expect(await statusesOf(Array.from({ length: 20 }, () => server.get('hung.localhost')))).toEqual(new Set([200]));
    await expect.poll(() => isRunning(hung), { timeout: 15_000 }).toBe(false);
    await expect.poll(() => workersOf(server)).toHaveLength(2);
  });

  it('are not considered hung by a server that was itself halted', async () => {
    const server = await spawned(running(), 'halted');
    const before = workersOf(server);
    process.kill(server.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 6500));
    process.kill(server.pid, 'SIGCONT');
    expect(await statusesOf(Array.from({ length: 20 }, () => server.get('halted.localhost')))).toEqual(new Set([200]));
    expect(workersOf(server)).toEqual(before);
  });

  it('that end are replaced, also while instances are registered', async () => {
    const server = await served();
    for (let round = 0; round < 3; round += 1) {
      const before = workersOf(server);
      for (const pid of before) process.kill(pid, 'SIGKILL');
      const ids = Array.from({ length: 20 }, (_, index) => `t${round}-${index}`);
      await Promise.all(ids.map((id) => server.api(`/spawn/app/--id=${id}?start=false`, { method: 'POST' })));
      await replaced(server, before);
    }
    expect((await server.api('/health')).status).toBe(200);
  });

  it('whose port was taken when the last of them ended listen there as soon as it is free', async () => {
    const server = await served();
    const taker = await takePortOf(server);
    await expect.poll(() => workersOf(server)).not.toEqual([]);
    const tried = workersOf(server);
    await expect.poll(() => workersOf(server).some((pid) => !tried.includes(pid))).toBe(true);
    taker.close();
    await expect.poll(() => statusOrNone(server)).toBe(200);
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
