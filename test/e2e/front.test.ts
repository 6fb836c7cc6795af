/** The real nginx and Caddy in front of the sockets, with the configuration that `tenement front` prints. */

import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../ports.ts';
import { type Front, isMissing, type StartFront, startCaddy, startNginx } from './fronts.ts';
import { type OnFinished, serve, shared, type TestServer } from './support.ts';
import { send } from './test-server.ts';

const config = (idleTimeoutS: number) => `[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
idle_timeout = ${idleTimeoutS}
socket_group = "www-data"
[service.ported]
command = "node {fixtures}/tenant.mjs"
listen = "port"
[proxy]
default_service = "app"
socket_group = "www-data"
listen = "{proxy}"
[instances]
app = ["acme", "globex"]
[routing.aliases]
shop = "acme"
`;

const FRONTS: readonly [string, StartFront][] = [
  ['nginx', startNginx],
  ['caddy', startCaddy],
];

const available = FRONTS.map(([program, start]) => ({ program, start, missing: isMissing(program) }));

/** A server whose printed configuration names its real port, and both instances awake. */
async function served(idleTimeoutS: number, onFinished: OnFinished): Promise<TestServer> {
  const proxy = `127.0.0.1:${await freePort()}`;
  const server = await serve(config(idleTimeoutS).replace('{proxy}', proxy), ['--proxy', proxy], onFinished);
  for (const host of ['acme', 'globex']) await server.get(`${host}.localhost`);
  return server;
}

const ask = (front: Front, host: string, path = '/', headers: Record<string, string> = {}) =>
  send(front.port, path, { headers: { host, ...headers } });

describe.each(available)('$program (apt-get install $program)', ({ start, missing }) => {
  const test = it.skipIf(missing);
  const tenantAt = async (front: Front, host: string) => JSON.parse((await ask(front, host)).body).tenant;
  const running = shared(async (onFinished) => {
    const server = await served(300, onFinished);
    return { server, front: await start(server, onFinished) };
  });

  test('routes each host to its tenant, and answers an unknown host', async () => {
    const { server, front } = running();
    expect(await tenantAt(front, 'acme.localhost')).toBe('acme');
    expect(await tenantAt(front, 'globex.localhost:80')).toBe('globex');
    expect(await tenantAt(front, 'globex.app.localhost')).toBe('globex');
    expect(await tenantAt(front, 'shop.localhost')).toBe('acme');
    for (const host of [
      'nobody.localhost',
      'acme.nothing.localhost',
      'localhost',
      'acme.example.com',
      'a..localhost',
    ]) {
      expect([400, 404]).toContain((await ask(front, host)).status);
    }
    // The requests go directly to the sockets: the proxy has seen none.
    expect(await server.instance('app:acme')).toMatchObject({ requests: 1 });
  });

  test('names the client, whatever the client claims', async () => {
    const { front } = running();
    const forged = { 'x-tenant-id': 'globex', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher' };
    const { raw } = JSON.parse((await ask(front, 'acme.localhost', '/headers', forged)).body);
    const values = (name: string) =>
      raw.filter((_: string, index: number) => index % 2 === 1 && raw[index - 1].toLowerCase() === name);
    expect(values('host')).toEqual(['acme.localhost']);
    expect(values('x-tenant-id')).toEqual(['acme']);
    expect(values('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(values('x-forwarded-proto')).toEqual(['http']);
    expect(values('x-forwarded-host')).toEqual(['acme.localhost']);
    expect(values('x-request-id')).toEqual([expect.stringMatching(/^[0-9a-f-]{32,36}$/)]);
  });

  test('routes a domain that is added while it runs, and no more when it is removed', async () => {
    const { server, front } = running();
    expect((await ask(front, 'own.example.org')).status).toBe(404);
    await server.cli('domain', 'add', 'globex', 'own.example.org');
    expect(await tenantAt(front, 'own.example.org')).toBe('globex');
    expect(await tenantAt(front, 'OWN.example.org:80')).toBe('globex');
    const { raw } = JSON.parse((await ask(front, 'own.example.org', '/headers', { 'x-tenant-id': 'acme' })).body);
    expect(raw.slice(raw.indexOf('X-Tenant-Id'))[1]).toBe('globex');
    // The proxy takes the front server at its word, by the group of the socket.
    const seen = await headersSeen(front.port, 'own.example.org', '127.0.0.9');
    expect(seen).toMatchObject({
      'X-Forwarded-For': '127.0.0.9',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'own.example.org',
    });
    await server.cli('domain', 'rm', 'own.example.org');
    expect((await ask(front, 'own.example.org')).status).toBe(404);
  });

  test('carries a WebSocket to a sleeping instance', async () => {
    const { server, front } = running();
    await server.cli('sleep', 'app:acme');
    const socket = new WebSocket(`ws://127.0.0.1:${front.port}/`, { headers: { host: 'acme.localhost' } });
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    expect(await server.instance('app:acme')).toMatchObject({ state: 'ready' });
    socket.close();
  });

  test('passes events on at once', async () => {
    const { front } = running();
    const { firstBytes } = await openStream(front.port, 'acme.localhost', '/stream');
    expect(firstBytes).toContain('data: hello');
  });

  test('a hundred connections see no failure while their tenant is put to sleep and wakes', async () => {
    const { server, front } = running();
    const statuses = new Map<number, number>();
    let going = true;
    const client = async () => {
      while (going) {
        const { status } = await ask(front, 'acme.localhost');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const clients = Promise.all(Array.from({ length: 100 }, client));
    for (let round = 0; round < 5; round += 1) {
      await server.api('/api/instances/app:acme/sleep', { method: 'POST' });
      await server.api('/api/instances/app:acme/start', { method: 'POST' });
    }
    going = false;
    await clients;
    expect([...statuses.keys()]).toEqual([200]);
    expect(await tenantAt(front, 'globex.localhost')).toBe('globex');
  });
});

// Their waits overlap.
describe.concurrent.each(available)('$program (apt-get install $program)', ({ start, missing }) => {
  it.skipIf(missing)('keeps an instance awake while clients use it, and lets it sleep afterwards', async (test) => {
    const { expect, onTestFinished } = test;
    const server = await served(4, onTestFinished);
    const front = await start(server, onTestFinished);
    const pid = JSON.parse((await ask(front, 'acme.localhost')).body).pid;
    for (let round = 0; round < 4; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(JSON.parse((await ask(front, 'acme.localhost')).body).pid).toBe(pid);
    }
    await server.event('app:globex', 'slept');
    await server.event('app:acme', 'slept');
  });
});

/** Asks from another address of this machine, and returns the header fields that the tenant gets. */
async function headersSeen(port: number, host: string, localAddress: string): Promise<Record<string, string>> {
  const headers = { host, 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher' };
  const options = { host: '127.0.0.1', port, path: '/headers', headers, localAddress, agent: false };
  const [response] = await once(request(options).end(), 'response');
  const { raw } = JSON.parse(await text(response));
  return Object.fromEntries(raw.flatMap((name: string, at: number) => (at % 2 === 0 ? [[name, raw[at + 1]]] : [])));
}

async function openStream(port: number, host: string, path: string): Promise<{ firstBytes: string }> {
  const outgoing = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }).end();
  const [response] = await once(outgoing, 'response');
  const [firstBytes] = await once(response, 'data');
  outgoing.destroy();
  return { firstBytes: String(firstBytes) };
}
