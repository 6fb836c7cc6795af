/** A public socket that tenement serves itself (`public_socket = "proxied"`), used as a front server uses it. */
import { once } from 'node:events';
import { existsSync, lstatSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { askSocket } from './clients.ts';
import { constantLoad } from './constant-load.ts';
import { isMissing } from './fronts.ts';
import { isRunning, serve, serveAll, type TestServer, writeConfig } from './support.ts';

const app = (keys = '', mode = 'proxied') =>
  `[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\npublic_socket = "${mode}"\n${keys}\n`;

/** Spawns a tenant, and returns its instance with the public socket. */
async function spawned(server: TestServer, id: string, ...options: string[]) {
  const { status, stderr } = await server.cli('spawn', 'app', '--id', id, ...options);
  if (status !== 0) throw new Error(stderr);
  const instance = `app:${id}`;
  return { instance, socket: (await server.instance(instance)).socket ?? '' };
}

async function pidThrough(socket: string, agent?: Agent): Promise<number> {
  return JSON.parse((await askSocket(socket, '/', agent === undefined ? {} : { agent })).body).pid;
}

/** Clients that each open a connection for every request. */
function load(socket: string, clients = 8) {
  return constantLoad(clients, () => askSocket(socket));
}

/** The socket that the process itself listens on. */
function ownSocketOf(socket: string, instance: string): string {
  return join(dirname(socket), `.tenement-${process.getuid?.()}`, `${instance.replace(':', '-')}.s`);
}

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o777;
}

/** Settles with the error's code; `connected` without one. */
async function connectTo(path: string): Promise<string> {
  const socket = connect(path);
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => 'connected'),
    new Promise<string>((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))),
  ]);
  socket.destroy();
  return outcome;
}

describe('a proxied public socket', () => {
  const server = serveAll(app('socket_mode = "0666"\nsocket_group = "daemon"'));

  it('wakes a sleeping instance, says how long that took, and counts each request', async () => {
    const { instance, socket } = await spawned(server(), 'wakes', '--no-start');
    const first = await askSocket(socket);
    expect(first.headers['server-timing']).toMatch(/^wake;dur=/);
    expect((await askSocket(socket)).headers['server-timing']).toBeUndefined();
    expect(await server().instance(instance)).toMatchObject({ state: 'ready', wakes: 1, requests: 2, inFlight: 0 });
  });

  it('leads to its instance whatever the Host says, and passes the Host on', async () => {
    const { socket } = await spawned(server(), 'hosts', '--no-start');
    await spawned(server(), 'other', '--no-start');
    const host = 'other.app.localhost:81';
    const { body } = await askSocket(socket, '/headers', { headers: { host, 'x-tenant-id': 'other' } });
    const { raw } = JSON.parse(body);
    const fields = Object.fromEntries(
      raw.flatMap((name: string, at: number) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1]]] : [])),
    );
    expect(fields).toMatchObject({ host, 'x-tenant-id': 'hosts', 'x-forwarded-host': host });
  });

  it('believes what the front server says of its client, and names nobody itself', async () => {
    const { socket } = await spawned(server(), 'believes', '--no-start');
    const stated = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', 'x-request-id': 'of-the-front' };
    const { raw } = JSON.parse((await askSocket(socket, '/headers', { headers: stated })).body);
    for (const [name, value] of Object.entries(stated)) {
      const values = raw.filter((_: string, at: number) => at % 2 === 1 && raw[at - 1].toLowerCase() === name);
      expect([name, values]).toEqual([name, [value]]);
    }
    const plain = JSON.parse((await askSocket(socket, '/headers')).body).raw.map((one: string) => one.toLowerCase());
    expect(plain).not.toContain('x-forwarded-for');
    expect(plain).toContain('x-forwarded-proto');
  });

  it('has the mode and group of the config, asleep and awake; the socket of the process is closed to others', async () => {
    const { instance, socket } = await spawned(server(), 'modes', '--no-start');
    const access = () => ({ mode: modeOf(socket), gid: lstatSync(socket).gid });
    expect(access()).toEqual({ mode: 0o666, gid: 1 });
    await server().cli('start', instance);
    expect(access()).toEqual({ mode: 0o666, gid: 1 });
    expect(modeOf(ownSocketOf(socket, instance))).toBe(0o600);
  });

  it('carries a WebSocket and a large upload to a sleeping instance', async () => {
    const { instance, socket } = await spawned(server(), 'carries', '--no-start');
    const body = 'x'.repeat(3_000_000);
    expect((await askSocket(socket, '/echo', { method: 'POST', body })).body).toBe(body);
    await server().cli('sleep', instance);
    const client = new WebSocket(`ws+unix://${socket}:/`);
    await once(client, 'open');
    client.send('hello');
    expect(String((await once(client, 'message'))[0])).toBe('hello');
    expect(await server().instance(instance)).toMatchObject({ state: 'ready', wakes: 2 });
    client.close();
  });

  it('answers for an instance that is stopped, and for bad requests', async () => {
    const { instance, socket } = await spawned(server(), 'stopped');
    await server().cli('stop', instance);
    const stopped = await askSocket(socket);
    expect([stopped.status, JSON.parse(stopped.body).code]).toEqual([503, 'stopped']);
    const large = await askSocket(socket, '/', { headers: { 'x-large': 'x'.repeat(20_000) } });
    expect([large.status, JSON.parse(large.body).code]).toEqual([431, 'headers_too_large']);
    expect((await askSocket(socket, '/', { headers: { host: 'not a host' } })).status).toBe(400);
  });

  it('is gone with its instance', async () => {
    const { instance, socket } = await spawned(server(), 'gone');
    const agent = new Agent({ keepAlive: true });
    await pidThrough(socket, agent);
    await server().cli('rm', instance, '--yes');
    expect(existsSync(socket)).toBe(false);
    // A front server may have kept a connection.
    expect((await askSocket(socket, '/', { agent })).status).toBe(404);
    agent.destroy();
  });

  it('loses no request while its instance sleeps, restarts, and is killed', async () => {
    const { instance, socket } = await spawned(server(), 'busy');
    const asking = load(socket);
    for (const verb of ['sleep', 'restart', 'sleep', 'restart']) {
      await asking.more(20);
      await server().cli(verb, instance);
    }
    await asking.more(20);
    process.kill(await pidThrough(socket), 'SIGKILL');
    await asking.more(50);
    const { answers, failures } = await asking.end();
    expect(failures).toEqual([]);
    const warnings = server().stderr.match(/^.*"level":40.*"app:busy".*$/gm) ?? [];
    expect(new Set(answers.map(({ status }) => status)), warnings.join('\n')).toEqual(new Set([200]));
  });

  it('serves two connections at once, each with requests of its own, over a restart', async () => {
    const { instance, socket } = await spawned(server(), 'keeps');
    const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
    const before = await Promise.all(agents.map((agent) => pidThrough(socket, agent)));
    await server().cli('restart', instance);
    const after = await Promise.all(agents.map((agent) => pidThrough(socket, agent)));
    expect(before[0]).toBe(before[1]);
    expect(after[0]).toBe(after[1]);
    expect(after[0]).not.toBe(before[0]);
    for (const agent of agents) agent.destroy();
  });
});

describe('an instance with a proxied public socket', () => {
  it('sleeps in time while a client keeps an idle connection', async () => {
    const server = await serve(app('idle_timeout = 1'));
    const { instance, socket } = await spawned(server, 'acme', '--no-start');
    const agent = new Agent({ keepAlive: true });
    const pid = await pidThrough(socket, agent);
    const askedMs = Date.now();
    const sleptMs = await server.event(instance, 'slept');
    expect(sleptMs - askedMs).toBeGreaterThan(900);
    expect(isRunning(pid)).toBe(false);
    expect(await pidThrough(socket, agent)).not.toBe(pid);
    agent.destroy();
  });

  it('is kept awake by an open request and by a stream, and status says so', async () => {
    const server = await serve(app('idle_timeout = 1'));
    const { instance, socket } = await spawned(server, 'acme');
    const stream = request({ socketPath: socket, path: '/stream', headers: { host: 'x' }, agent: false });
    stream.end();
    const [response] = await once(stream, 'response');
    await once(response, 'data');
    const view = await server.instance(instance);
    expect(view).toMatchObject({ state: 'ready', openStreams: 1, openConnections: 0, sleepsAt: null });
    response.on('error', () => {}).destroy();
    await server.event(instance, 'slept');
  });

  it('keeps its socket private when the application changes its mode', async () => {
    const server = await serve(
      '[service.app]\ncommand = "node {fixtures}/changes-socket.mjs"\npublic_socket = "proxied"\n',
    );
    const { instance, socket } = await spawned(server, 'acme');
    expect((await askSocket(socket)).body).toBe('changed');
    await expect.poll(() => modeOf(ownSocketOf(socket, instance)), { timeout: 10_000 }).toBe(0o600);
  });

  it.skipIf(isMissing('bwrap'))('serves from a namespace without a network', async () => {
    const server = await serve(app('isolation = "namespace"\nnetwork = "none"'));
    const { instance, socket } = await spawned(server, 'acme', '--no-start');
    const asking = load(socket, 2);
    await asking.more(20);
    await server.cli('sleep', instance);
    await asking.more(20);
    const { answers, failures } = await asking.end();
    expect(failures).toEqual([]);
    expect(new Set(answers.map(({ body }) => JSON.parse(body).tenant))).toEqual(new Set(['acme']));
  });

  it('does not disturb another service of its tenant, whose socket is direct', async () => {
    const second = '[service.direct]\ncommand = "node {fixtures}/tenant.mjs"\npublic_socket = "direct"\n';
    const server = await serve(`${app()}${second}`);
    const { socket } = await spawned(server, 'acme');
    await server.cli('spawn', 'direct', '--id', 'acme');
    const direct = (await server.instance('direct:acme')).socket ?? '';
    const pids = [await pidThrough(socket), await pidThrough(direct)];
    expect(pids[0]).not.toBe(pids[1]);
    expect(await server.instance('app:acme')).toMatchObject({ requests: 1 });
    expect(await server.instance('direct:acme')).toMatchObject({ requests: 0 });
  });

  it('is served by the main process beside workers, with exact counts', async () => {
    const server = await serve(`[proxy]\nworkers = 2\n${app()}`);
    const { instance, socket } = await spawned(server, 'acme', '--no-start');
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? askSocket(socket) : server.get('acme.localhost'))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await expect.poll(async () => (await server.instance(instance)).requests).toBe(40);
  });
});

describe('a plan with a quota of requests', () => {
  it('makes the public socket proxied, and as many requests pass as it says, by socket and proxy together', async () => {
    const service = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\n';
    const plan = '[tenants]\ndefault_plan = "free"\n[plan.free]\nquota = { requests = "25/day" }\n';
    const server = await serve(`${service}${plan}`);
    const { socket } = await spawned(server, 'acme', '--no-start');
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => (at % 3 === 0 ? server.get('acme.localhost') : askSocket(socket))),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(answers.length - refused.length).toBe(25);
    for (const { status, body, headers } of refused) {
      expect([status, JSON.parse(body).code]).toEqual([429, 'quota_exceeded']);
      expect(headers['retry-after']).toMatch(/^\d+$/);
    }
  });
});

describe('a server with proxied public sockets', () => {
  it('that is killed leaves the process to the next one, which serves the socket when it is ready', async () => {
    const server = await serve(`on_exit = "keep"\n${app()}`);
    const { socket } = await spawned(server, 'acme');
    const { socket: sleeping } = await spawned(server, 'globex', '--no-start');
    const pid = await pidThrough(socket);
    await server.stop('SIGKILL');
    expect(isRunning(pid)).toBe(true);
    expect(await connectTo(socket)).toBe('ECONNREFUSED');
    await server.start();
    expect([await connectTo(socket), await connectTo(sleeping)]).toEqual(['connected', 'connected']);
    expect(await pidThrough(socket)).toBe(pid);
    expect(JSON.parse((await askSocket(sleeping)).body).tenant).toBe('globex');
  });

  it('that ends in order answers what it has taken, and leaves the process to the next one', async () => {
    const server = await serve(`on_exit = "keep"\n${app()}`);
    const { socket } = await spawned(server, 'acme');
    const pid = await pidThrough(socket);
    const question = { socketPath: socket, path: '/echo', method: 'POST', headers: { host: 'x' }, agent: false };
    const outgoing = request(question);
    outgoing.write('before ');
    const [response] = await once(outgoing, 'response');
    const slow = text(response);
    const stopped = server.stop('SIGTERM');
    await expect.poll(async () => (await askSocket(socket).catch(() => ({ status: 0 }))).status).not.toBe(200);
    outgoing.end('and after');
    expect(await slow).toBe('before and after');
    expect(await stopped).toBe(0);
    expect(existsSync(socket)).toBe(false);
    expect(isRunning(pid)).toBe(true);
    await server.start();
    expect(await pidThrough(socket)).toBe(pid);
  });

  it('that starts with the socket proxied closes one that an earlier server left direct, and back', async () => {
    const server = await serve(`on_exit = "keep"\n${app('', 'direct')}`);
    const { instance, socket } = await spawned(server, 'acme');
    const pid = await pidThrough(socket);
    for (const mode of ['proxied', 'direct']) {
      await server.stop('SIGKILL');
      writeConfig(server.configFile, `on_exit = "keep"\n${app('', mode)}`);
      await server.start();
      await expect.poll(async () => (await server.instance(instance)).state).toBe('ready');
      const before = (await server.instance(instance)).requests;
      expect(await pidThrough(socket)).toBe(pid);
      expect((await server.instance(instance)).requests - before).toBe(mode === 'direct' ? 0 : 1);
      await expect.poll(() => modeOf(ownSocketOf(socket, instance))).toBe(mode === 'direct' ? 0o660 : 0o600);
    }
  });
});

describe('a reload that changes public_socket', () => {
  it('switches a running instance both ways without a restart, and no request fails', async () => {
    const server = await serve(app('', 'direct'));
    const { instance, socket } = await spawned(server, 'acme');
    const pid = await pidThrough(socket);
    const asking = load(socket);
    await asking.more(50);
    const own = ownSocketOf(socket, instance);
    for (const mode of ['proxied', 'direct', 'proxied', 'direct', 'proxied']) {
      writeConfig(server.configFile, app('', mode));
      await expect.poll(() => modeOf(own), { interval: 10 }).toBe(mode === 'direct' ? 0o660 : 0o600);
      await asking.more(50);
    }
    const before = (await server.instance(instance)).requests;
    await asking.more(50);
    const { answers, failures } = await asking.end();
    expect(failures).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => JSON.parse(body).pid))).toEqual(new Set([pid]));
    expect((await server.instance(instance)).requests - before).toBeGreaterThanOrEqual(50);
  });

  it('restarts an instance whose front server keeps using a direct connection past drain_timeout', async () => {
    const server = await serve(app('drain_timeout = 1', 'direct'));
    const { instance, socket } = await spawned(server, 'acme');
    const client = new WebSocket(`ws+unix://${socket}:/`);
    await once(client, 'open');
    const closed = once(client, 'close');
    writeConfig(server.configFile, app('drain_timeout = 1'));
    await closed;
    await server.event(instance, 'restarted');
    expect(server.stderr).toContain('clients are still connected to the process');
    expect((await askSocket(socket)).status).toBe(200);
  });
});
