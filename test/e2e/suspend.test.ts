/** Instances that are frozen while unused. */
import { readFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { askSocket } from './clients.ts';
import { isMissing, startKeepingNginx } from './fronts.ts';
import { isRunning, serve, serveAll, type TestServer } from './support.ts';
import { send } from './test-server.ts';

const app = (keys = '', name = 'app') =>
  `[service.${name}]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_action = "suspend"\n${keys}\n`;

/** An application that does not close its clients' connections. */
const KEEPS = 'env = { KEEP_ALIVE_MS = 60000 }';

/** Field 3 of /proc/PID/stat, and the wait channel: a frozen process is in uninterruptible sleep, or stopped. */
const isFrozen = (pid: number) => /^(State:\s+[DT])/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** The kernel freezes a process when it next runs. */
async function frozen(...pids: number[]): Promise<void> {
  await expect.poll(() => pids.filter((pid) => !isFrozen(pid))).toEqual([]);
}

/** For tests that use only instances of their own. */
const SHARED = `${app()}${app('idle_timeout = 1', 'brief')}${app(`idle_timeout = 1\n${KEEPS}`, 'keeping')}
${app('suspend_timeout = 1', 'ending')}[proxy]\ndefault_service = "app"\n`;

async function spawned(server: TestServer, name = 'app:acme'): Promise<{ pid: number; socket: string }> {
  const [service = '', id = ''] = name.split(':');
  await server.cli('spawn', service, '--id', id);
  const { pid, socket } = await server.instance(name);
  return { pid: pid ?? 0, socket: socket ?? '' };
}

const pidThrough = async (server: TestServer, host = 'acme.localhost') => JSON.parse((await server.get(host)).body).pid;

async function pidOver({ proxyPort: port }: TestServer, host: string, agent: Agent): Promise<number> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, headers: { host }, agent }, resolve).once('error', reject);
  });
  const { pid } = (await json(response)) as { pid: number };
  return pid;
}

describe('idle_action = "suspend"', () => {
  const running = serveAll(SHARED);

  it('freezes an idle process, and the next request gets an answer from the same one', async () => {
    const server = running();
    const { pid } = await spawned(server, 'brief:frozen');
    await server.event('brief:frozen', 'suspended');
    await frozen(pid);
    const answer = await server.get('frozen.brief.localhost');
    expect(JSON.parse(answer.body)).toMatchObject({ tenant: 'frozen', pid });
    expect(answer.headers['server-timing']).toMatch(/^wake;dur=\d+/);
    await server.event('brief:frozen', 'thawed');
    expect(await server.instance('brief:frozen')).toMatchObject({ wakes: 1, pid });
    await server.event('brief:frozen', 'suspended', 2);
    await frozen(pid);
  });

  it('answers a hundred requests that come at once, through the proxy and at the public socket', async () => {
    const server = running();
    const { pid, socket } = await spawned(server, 'app:hundred');
    for (let round = 0; round < 3; round += 1) {
      expect((await server.cli('sleep', 'app:hundred')).stdout).toContain('app:hundred suspended');
      const ask = (index: number) =>
        index % 2 === 0 ? server.get('hundred.localhost') : askSocket(socket, '/', { headers: { host: 'x' } });
      const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(index)));
      expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.parse(body).pid}`))).toEqual(
        new Set([`200 ${pid}`]),
      );
    }
  });

  it('thaws the process when bytes arrive on a connection that a client kept', async () => {
    const server = running();
    const { pid, socket } = await spawned(server, 'keeping:kept');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(JSON.parse((await askSocket(socket, '/', { agent })).body).pid).toBe(pid);
    expect((await server.cli('sleep', 'keeping:kept')).stdout).toContain('suspended');
    await frozen(pid);
    const [kept] = Object.values(agent.freeSockets).flat();
    expect(JSON.parse((await askSocket(socket, '/', { agent })).body).pid).toBe(pid);
    expect(Object.values(agent.freeSockets).flat()[0]).toBe(kept);
    agent.destroy();
  });

  it('lets a client of the proxy keep its connection', async () => {
    const server = running();
    const { pid } = await spawned(server, 'app:client');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await pidOver(server, 'client.localhost', agent)).toBe(pid);
    const [kept] = Object.values(agent.freeSockets).flat();
    await server.cli('sleep', 'app:client');
    expect(await pidOver(server, 'client.localhost', agent)).toBe(pid);
    expect(Object.values(agent.freeSockets).flat()[0]).toBe(kept);
    agent.destroy();
  });

  it('stays in force over a kill of the server: the next one leaves the process frozen, and thaws it for a request', async () => {
    const server = await serve(app('idle_timeout = 1'));
    const { pid, socket } = await spawned(server);
    await server.event('app:acme', 'suspended');
    await server.stop('SIGKILL');
    await frozen(pid);
    await server.start();
    expect(await server.instance('app:acme')).toMatchObject({ state: 'suspended', pid });
    expect(isFrozen(pid)).toBe(true);
    expect(JSON.parse((await askSocket(socket)).body).pid).toBe(pid);
    await server.event('app:acme', 'suspended', 2);
    expect(await pidThrough(server)).toBe(pid);
  });

  it('leaves the process frozen over an end of the server with on_exit = "keep"', async () => {
    const server = await serve(`on_exit = "keep"\n${app()}`);
    const { pid } = await spawned(server);
    await server.cli('sleep', 'app:acme');
    await server.stop('SIGTERM');
    await frozen(pid);
    await server.start();
    expect(await pidThrough(server)).toBe(pid);
  });

  it('ends the process with the server and by stop, with all that it started', async () => {
    const server = await serve(app());
    const { pid } = await spawned(server);
    const children: number[] = JSON.parse((await server.get('acme.localhost', '/grandchildren')).body);
    await server.cli('sleep', 'app:acme');
    await frozen(pid, ...children);
    expect((await server.cli('stop', 'app:acme')).stdout).toContain('stopped');
    expect([pid, ...children].map(isRunning)).toEqual([false, false, false]);
    await server.cli('start', 'app:acme');
    const again = await server.instance('app:acme');
    await server.cli('sleep', 'app:acme');
    await server.stop('SIGINT');
    expect(isRunning(again.pid ?? 0)).toBe(false);
  });

  it('puts an instance killed while frozen to sleep, and counts no crash (bug: suspended until a request)', async () => {
    const server = running();
    const { pid } = await spawned(server, 'app:killed');
    await server.cli('sleep', 'app:killed');
    await frozen(pid);
    process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await server.instance('app:killed')).state).toBe('asleep');
    expect(isRunning(pid)).toBe(false);
    expect(await server.instance('app:killed')).toMatchObject({ restarts: 0, lastExit: { signal: 'SIGKILL' } });
  });

  it('answers a request right after that kill by another process', async () => {
    const server = running();
    const { pid } = await spawned(server, 'app:asked');
    await server.cli('sleep', 'app:asked');
    await frozen(pid);
    process.kill(pid, 'SIGKILL');
    expect(await pidThrough(server, 'asked.localhost')).not.toBe(pid);
    const events = await server.cli('events', 'app:asked');
    expect(events.stdout).not.toMatch(/crashed|backoff/);
    expect(await server.instance('app:asked')).toMatchObject({ state: 'ready', restarts: 0 });
  });

  it('ends the process after suspend_timeout, and a request starts another', async () => {
    const server = running();
    const { pid } = await spawned(server, 'ending:ending');
    await server.cli('sleep', 'ending:ending');
    await server.event('ending:ending', 'slept');
    expect(isRunning(pid)).toBe(false);
    expect(await pidThrough(server, 'ending.ending.localhost')).not.toBe(pid);
  });

  it('works through proxy workers as well', async () => {
    const server = await serve(`[proxy]\nworkers = 2\n${app()}`);
    const { pid } = await spawned(server);
    for (let round = 0; round < 3; round += 1) {
      await server.cli('sleep', 'app:acme');
      const answers = await Promise.all(Array.from({ length: 20 }, () => pidThrough(server)));
      expect(new Set(answers)).toEqual(new Set([pid]));
    }
  });
});

describe.skipIf(isMissing('nginx'))(
  'an instance behind nginx that keeps connections (skipped without nginx: apt-get install nginx)',
  () => {
    it('is suspended in time, and thawed by a request on a connection that nginx kept', async () => {
      const server = await serve(app(`idle_timeout = 2\n${KEEPS}`));
      const { pid, socket } = await spawned(server);
      const front = await startKeepingNginx(server.dir, socket);
      const ask = async () => JSON.parse((await send(front.port, '/', {})).body).pid;
      const askedMs = Date.now();
      expect(await ask()).toBe(pid);
      const suspendedMs = await server.event('app:acme', 'suspended');
      expect(suspendedMs - askedMs).toBeLessThan(10_000);
      expect(await ask()).toBe(pid);
      await server.event('app:acme', 'thawed');
    });
  },
);
