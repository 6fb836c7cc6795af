/** The handler on servers of a host program: node:http, a chain of middlewares, Fastify. */
import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Handler } from '../../src/proxy/handler.ts';
import { eventStream } from './clients.ts';
import { constantLoad } from './constant-load.ts';
import { loadHypervisor } from './hypervisors.ts';
import { type Answer, type RequestOptions, send } from './test-server.ts';

const CONFIG = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

/** Listens until the test ends; returns the port. */
async function hosted(listener: RequestListener, upgrade?: Handler['upgrade']): Promise<number> {
  const server = createServer(listener);
  if (upgrade !== undefined) server.on('upgrade', (...args) => upgrade(...args));
  return listening(server);
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

const ask = (port: number, path = '/', options: RequestOptions = {}): Promise<Answer> =>
  send(port, path, { ...options, headers: { host: 'acme.localhost', ...options.headers } });

const tenantOf = ({ body }: Answer) => JSON.parse(body).tenant;
/** Picks a tenant as a host program does for its own customers, for example by session. */
const byHeader = { instance: ({ headers }: { headers: Record<string, unknown> }) => `app:${headers['x-customer']}` };

it('a handler routes by host as the proxy does: wakes, answers, refuses', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme', { start: false });
  const { request } = hypervisor.handler();
  const port = await hosted(request);
  const woken = await ask(port);
  expect([woken.status, tenantOf(woken)]).toEqual([200, 'acme']);
  expect(woken.headers['server-timing']).toMatch(/^wake;dur=/);
  expect((await ask(port, '/', { headers: { host: 'nobody.localhost' } })).status).toBe(404);
  await hypervisor.stop('app:acme');
  const stopped = await ask(port);
  expect([stopped.status, JSON.parse(stopped.body).code]).toEqual([503, 'stopped']);
});

it('a handler uses the instance that the host program picks, at once or later, with the headers of a proxy', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme');
  const { request } = hypervisor.handler(byHeader);
  const later = hypervisor.handler({ instance: async (message) => byHeader.instance(message) });
  for (const listener of [request, later.request]) {
    const port = await hosted((message, response) => listener(message, response));
    const headers = { host: 'www.example.com:80', 'x-customer': 'acme', 'x-tenant-id': 'forged' };
    const { raw } = JSON.parse((await ask(port, '/headers', { headers })).body) as { raw: string[] };
    const seen = Object.fromEntries(raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1]]] : [])));
    expect(seen).toMatchObject({ 'X-Tenant-Id': 'acme', 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Proto': 'http' });
    expect(seen['X-Forwarded-Host']).toBe('www.example.com:80');
    expect((await ask(port, '/', { headers: { 'x-customer': 'nobody' } })).status).toBe(404);
    const echoed = await ask(port, '/echo', { method: 'POST', body: 'a body', headers });
    expect([echoed.status, echoed.body]).toEqual([200, 'a body']);
  }
});

it('a handler as middleware passes on requests of no instance, and exceptions of the picking function', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme');
  const { request } = hypervisor.handler({
    instance: ({ url }) => {
      if (url === '/fault') throw new Error('no session store');
      return url === '/own' ? null : 'app:acme';
    },
  });
  const port = await hosted((message, response) =>
    request(message, response, (error) => response.end(error === undefined ? 'of the host' : String(error))),
  );
  expect((await ask(port, '/own')).body).toBe('of the host');
  expect((await ask(port, '/fault')).body).toBe('Error: no session store');
  expect(tenantOf(await ask(port))).toBe('acme');
});

it('a handler says what is wrong behind a body parser', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme');
  const { request } = hypervisor.handler();
  const port = await hosted((message, response) => {
    message.resume().once('end', () => request(message, response));
  });
  expect((await ask(port, '/echo', { method: 'POST', body: 'gone' })).status).toBe(500);
});

it('a handler works in Fastify before Fastify parses bodies', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme');
  const { request } = hypervisor.handler();
  const app = fastify({ forceCloseConnections: true });
  app.addHook('onRequest', (asked, reply, done) => {
    if (!asked.hostname.startsWith('acme.')) return done();
    reply.hijack();
    request(asked.raw, reply.raw);
  });
  app.get('/', async () => 'of the host');
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  expect((await ask(port, '/', { headers: { host: 'localhost' } })).body).toBe('of the host');
  const headers = { 'content-type': 'application/json' };
  expect((await ask(port, '/echo', { method: 'POST', body: '{"a":1}', headers })).body).toBe('{"a":1}');
  expect(tenantOf(await ask(port))).toBe('acme');
});

it('a handler sends 100 Continue once to a client that waits for it', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme');
  const port = await hosted(hypervisor.handler().request);
  const headers = { host: 'acme.localhost', expect: '100-continue' };
  const outgoing = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/echo', headers, agent: false });
  let asked = 0;
  outgoing.on('continue', () => {
    asked += 1;
    if (asked === 1) outgoing.end('as asked');
  });
  outgoing.flushHeaders();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect([await text(response), asked]).toEqual(['as asked', 1]);
});

it('WebSockets pass through a handler, wake their instance and end with it', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme', { start: false });
  const handler = hypervisor.handler(byHeader);
  const port = await hosted(handler.request, handler.upgrade);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { 'x-customer': 'acme' } });
  await once(socket, 'open');
  socket.send('hello');
  expect(String((await once(socket, 'message'))[0])).toBe('hello');
  expect(hypervisor.getInstance('app:acme').openStreams).toBe(1);
  const closed = once(socket, 'close');
  await hypervisor.stop('app:acme');
  await closed;
  const refused = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { 'x-customer': 'acme' } });
  const [, response] = await once(refused, 'unexpected-response');
  expect(response.statusCode).toBe(503);
});

it('a handler loses no request through sleeps and restarts under load', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme');
  const port = await hosted(hypervisor.handler().request);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  onTestFinished(() => agent.destroy());
  const load = constantLoad(8, () => ask(port, '/', { agent }));
  for (let time = 0; time < 3; time += 1) {
    await hypervisor.sleep('app:acme');
    await load.more(50);
    await hypervisor.restart('app:acme');
    await load.more(50);
  }
  const { answers, failures } = await load.end();
  expect(failures).toEqual([]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  // The responses come from the restarted processes and from no other.
  expect(new Set(answers.map(({ body }) => JSON.parse(body).pid)).size).toBeGreaterThanOrEqual(4);
});

it('a closed handler refuses requests, and cuts event streams', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme');
  const { request } = hypervisor.handler();
  const port = await hosted(request);
  const stream = await eventStream(port, 'acme.localhost', '/stream');
  onTestFinished(() => stream.close());
  await hypervisor.close();
  await expect(stream.next('never')).rejects.toThrow(/aborted|the stream ended/);
  const refused = await ask(port);
  expect([refused.status, JSON.parse(refused.body).code]).toEqual([503, 'shutting_down']);
});
