/** The public socket, used directly, as nginx and Caddy do. */
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { canDuplicate } from '../../src/process/child/pidfd.ts';
import { askSocket } from './clients.ts';
import { serve, serveAll, type TestServer, writeConfig } from './support.ts';

const app = (keys = '', name = 'app') =>
  `[service.${name}]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${keys}\n`;

/** For tests that use only instances of their own. */
const running = serveAll(`backoff_base_ms = 10
max_restarts = 1000
${app()}${app('socket_mode = "0666"\nsocket_group = "daemon"', 'open')}`);

/** The socket of an instance for one test. */
async function registered(name: string, ...options: string[]): Promise<string> {
  const [service = '', id = ''] = name.split(':');
  await running().cli('spawn', service, '--id', id, ...options);
  return socketOf(running(), name);
}

async function socketOf(server: TestServer, instance = 'app:acme'): Promise<string> {
  return (await server.instance(instance)).socket ?? '';
}

async function pidThrough(socket: string): Promise<number> {
  return JSON.parse((await askSocket(socket)).body).pid;
}

/** Sends requests in turn until told to stop; returns the number of responses by status. */
function keepAsking(socket: string, clients: number): { stop(): Promise<Map<number, number>> } {
  const statuses = new Map<number, number>();
  let going = true;
  const client = async () => {
    while (going) {
      const { status } = await askSocket(socket);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    stop: async () => {
      going = false;
      await all;
      return statuses;
    },
  };
}

/** Whether two processes have the same socket open. */
function haveOneInCommon(one: number, other: number): boolean {
  const sockets = new Set(socketsOf(one));
  return socketsOf(other).some((socket) => sockets.has(socket));
}

/** Whether the socket that a process bound below that directory still accepts connections. */
function listensAt(dir: string): boolean {
  const lines = readFileSync('/proc/net/unix', 'latin1').split('\n');
  return lines.some(
    (line) => line.includes(' 00010000 ') && line.includes(` ${dir}/.tenement-`) && line.endsWith('/s'),
  );
}

function socketsOf(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  const links = readdirSync(dir).map((fd) => linkOf(join(dir, fd)));
  return links.filter((link) => link.startsWith('socket:'));
}

/** Returns the target of a descriptor; empty when it was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

describe('the public socket of a sleeping instance', () => {
  it('wakes the instance, and the next process gets the connection', async () => {
    const server = running();
    const socket = await registered('app:woken', '--no-start');
    const body = JSON.parse((await askSocket(socket)).body);
    expect(body).toMatchObject({ tenant: 'woken' });
    expect(await server.instance('app:woken')).toMatchObject({ state: 'ready', pid: body.pid, wakes: 1 });
    expect(await pidThrough(socket)).toBe(body.pid);
  });

  it('accepts a hundred connections at once and starts one process', async () => {
    const server = running();
    const socket = await registered('app:hundred', '--no-start');
    const pids = await Promise.all(Array.from({ length: 100 }, () => pidThrough(socket)));
    expect(new Set(pids).size).toBe(1);
    expect(server.processesOf('hundred')).toEqual([pids[0]]);
  });

  it('carries a WebSocket, and an upload larger than the buffer of a held connection', async () => {
    const server = running();
    const socket = await registered('app:uploaded', '--no-start');
    const body = 'x'.repeat(3_000_000);
    expect((await askSocket(socket, '/echo', { method: 'POST', body })).body).toBe(body);
    await server.cli('sleep', 'app:uploaded');
    const client = new WebSocket(`ws+unix://${socket}:/`);
    await once(client, 'open');
    client.send('hello');
    expect(String((await once(client, 'message'))[0])).toBe('hello');
    client.close();
  });

  it('gives up a start that no client waits for any more', async () => {
    const first = '[service.first]\ncommand = "node {fixtures}/never-listens.mjs"\n';
    const server = await serve(`max_concurrent_starts = 1\n${first}${app()}`);
    await server.cli('spawn', 'app', '--id', 'globex', '--no-start');
    const socket = await socketOf(server, 'app:globex');
    // The start keeps the only place for at least a second: no other start begins while the client comes and goes.
    const body = JSON.stringify({ service: 'first', id: 'acme', wait: false });
    await server.api('/api/instances', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const visitor = connect(socket);
    await once(visitor, 'connect');
    visitor.destroy();
    const given = /"instance":"app:globex",[^}]*"was":"starting","cause":"abandoned"/;
    await expect.poll(() => server.stderr).toMatch(given);
    expect((await server.cli('stop', 'first:acme')).status).toBe(0);
    expect((await server.instance('app:globex')).state).toBe('asleep');
    expect(server.processesOf('globex')).toEqual([]);
  });

  it('has the mode and the group that the config names', async () => {
    const server = running();
    const socket = await registered('open:open', '--no-start');
    const access = () => ({ mode: lstatSync(socket).mode & 0o777, gid: lstatSync(socket).gid });
    expect(access()).toEqual({ mode: 0o666, gid: 1 });
    await server.cli('start', 'open:open');
    expect(access()).toEqual({ mode: 0o666, gid: 1 });
  });
});

describe('the public socket of an instance that cannot be woken', () => {
  it('answers that the instance is stopped', async () => {
    const socket = await registered('app:stopped');
    await running().cli('stop', 'app:stopped');
    const answer = await askSocket(socket);
    expect(answer.status).toBe(503);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'stopped' });
    const page = await askSocket(socket, '/', { headers: { accept: 'text/html' } });
    expect(page.body).toContain('This site has been switched off.');
  });

  it('answers when the next try is', async () => {
    const command = '[service.app]\ncommand = "node {fixtures}/exits-at-once.mjs"\n';
    const server = await serve(`max_restarts = 0\n${command}`);
    await server.cli('spawn', 'app', '--id', 'acme');
    const answer = await askSocket(await socketOf(server));
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'failed' });
  });
});

describe('a client that bypasses the proxy', () => {
  it('sees no failure while the instance is put to sleep, restarted and started again', async () => {
    const load = keepAsking(await registered('app:restarted'), 8);
    for (const verb of ['sleep', 'restart', 'sleep', 'restart', 'sleep']) await running().cli(verb, 'app:restarted');
    const statuses = await load.stop();
    expect([...statuses.keys()]).toEqual([200]);
  });

  it('sees no failure when the config changes', async () => {
    const server = await serve(app());
    await server.cli('spawn', 'app', '--id', 'acme');
    const socket = await socketOf(server);
    const before = await pidThrough(socket);
    const load = keepAsking(socket, 4);
    writeConfig(server.configFile, app('[service.app.env]\nVERSION = "2"'));
    await server.event('app:acme', 'restarted');
    await expect.poll(async () => (await server.instance('app:acme')).state).toBe('ready');
    expect([...(await load.stop()).keys()]).toEqual([200]);
    expect(await pidThrough(socket)).not.toBe(before);
  });

  it('gets its slow answer before the process is asked to end', async () => {
    const server = running();
    const socket = await registered('app:slow');
    const question = { socketPath: socket, path: '/echo', method: 'POST', headers: { host: 'x' }, agent: false };
    const outgoing = request(question);
    outgoing.write('before ');
    const [response] = await once(outgoing, 'response');
    const slow = text(response);
    const slept = server.api('/api/instances/app:slow/sleep', { method: 'POST' });
    await expect.poll(async () => (await server.instance('app:slow')).state).toBe('draining');
    outgoing.end('and after');
    expect(await slow).toBe('before and after');
    expect((await slept).status).toBe(200);
  });

  it('sees a crash only as a wait of the next connection', async () => {
    const server = running();
    const socket = await registered('app:crashed');
    process.kill(await pidThrough(socket), 'SIGKILL');
    await server.event('app:crashed', 'crashed');
    expect((await askSocket(socket)).status).toBe(200);
  });
});

describe('the public socket of a crashing instance', () => {
  it.skipIf(!canDuplicate())('refuses no connection, not even at the moment of the crash', async () => {
    const server = running();
    const socket = await registered('app:crashing');
    const failures = new Set<string>();
    let going = true;
    const client = async () => {
      while (going) await askSocket(socket).catch(({ code }) => failures.add(code));
    };
    const clients = Array.from({ length: 4 }, client);
    for (let crash = 0; crash < 10; crash += 1) {
      const { pid } = await server.instance('app:crashing');
      await expect.poll(() => haveOneInCommon(server.pid, pid ?? 0)).toBe(true);
      process.kill(pid ?? 0, 'SIGKILL');
      await expect.poll(async () => (await server.instance('app:crashing')).pid).not.toBe(pid);
      await server.api('/api/instances/app:crashing/start', { method: 'POST' });
    }
    going = false;
    await Promise.all(clients);
    // Requests on connections to the killed process are lost inevitably.
    expect([...failures].filter((code) => code !== 'ECONNRESET' && code !== 'EPIPE')).toEqual([]);
  });
});

describe('the public socket of an instance that goes idle by itself', () => {
  it.skipIf(!canDuplicate())(
    'is not woken by a client that left earlier (bug: by a probe that it had not accepted)',
    async () => {
      const server = await serve('[service.app]\ncommand = "node {fixtures}/busy-until-told.mjs"\n');
      await server.cli('spawn', 'app', '--id', 'acme');
      const socket = await socketOf(server);
      const { pid } = await server.instance('app:acme');
      await expect.poll(() => haveOneInCommon(server.pid, pid ?? 0)).toBe(true);
      await expect.poll(async () => (await server.cli('logs', 'app:acme')).stdout).toContain('busy');
      const client = connect(socket);
      await once(client, 'connect');
      client.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(client, 'finish');
      client.destroy();
      writeFileSync(join(server.dataDir, 'acme/rest'), '');
      await server.event('app:acme', 'exited');
      await expect.poll(() => listensAt(join(server.dir, 'tenement'))).toBe(false);
      expect(await server.instance('app:acme')).toMatchObject({ state: 'asleep', wakes: 0 });
    },
  );
});

describe('a server that ends', () => {
  it('by SIGKILL leaves sleeping instances without a listener until the next server', async () => {
    const server = await serve(app());
    await server.cli('spawn', 'app', '--id', 'acme', '--no-start');
    const socket = await socketOf(server);
    await server.stop('SIGKILL');
    // A process that it was forking at that moment shares its listeners until exec.
    await expect.poll(() => askSocket(socket).catch(({ code }) => code)).toBe('ECONNREFUSED');
    await server.start();
    expect((await askSocket(socket)).status).toBe(200);
  });

  it('leaves no socket behind', async () => {
    const server = await serve(app());
    await server.cli('spawn', 'app', '--id', 'acme');
    await server.cli('spawn', 'app', '--id', 'globex', '--no-start');
    const socket = await socketOf(server);
    await server.stop('SIGINT');
    expect(existsSync(socket)).toBe(false);
    const left = readdirSync(join(server.dir, 'tenement'), { recursive: true, withFileTypes: true });
    // The locks with which the server claims these directories.
    expect(left.filter((entry) => !entry.isDirectory()).map(({ name }) => name)).toEqual(['.owner.lock']);
  });

  it('leaves no socket of an unregistered instance', async () => {
    const server = running();
    const socket = await registered('app:unregistered', '--no-start');
    await server.cli('rm', 'app:unregistered');
    expect(existsSync(socket)).toBe(false);
  });
});
