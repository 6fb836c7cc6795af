/** What tenants are billed for, compared to what their clients and the kernel counted. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { UsageView } from '../../src/core/usage/usage-query.ts';
import { readProc, serve, serveAll, type TestServer } from './support.ts';

const config = (workers: number) =>
  `[proxy]\nworkers = ${workers}\n[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_timeout = 0\n`;

const REQUESTS = 1000;
const CONNECTIONS = 8;
const TICKS_PER_S = 100;
/** /proc counts in ticks, and tenement once a second. */
const CPU_TOLERANCE_S = 0.25;

/** A tenant's usage in all hours so far. */
async function usageOf(server: TestServer, tenant: string): Promise<UsageView> {
  const { usage } = JSON.parse((await server.api(`/api/usage?tenant=${tenant}&from=2020-01`)).body) as {
    usage: UsageView[];
  };
  const [first, ...others] = usage;
  if (first === undefined || others.length > 0) throw new Error(`${usage.length} months`);
  return first;
}

/** Clients whose sockets tell how many bytes they have sent and received. */
class Clients {
  readonly sockets = new Set<Socket>();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  private readonly server: TestServer;
  private readonly host: string;

  constructor(server: TestServer, host: string) {
    this.server = server;
    this.host = host;
  }

  get bytes() {
    const sum = (count: (socket: Socket) => number) => [...this.sockets].reduce((all, one) => all + count(one), 0);
    return { ingressBytes: sum((socket) => socket.bytesWritten), egressBytes: sum((socket) => socket.bytesRead) };
  }

  /** @param isChunked whether the body is sent in chunks, which node:http reads */
  async post(size: number, isChunked: boolean): Promise<void> {
    const outgoing = request({
      agent: this.agent,
      host: '127.0.0.1',
      port: this.server.proxyPort,
      method: 'POST',
      path: '/echo',
      headers: { host: this.host, ...(!isChunked && { 'content-length': size }) },
    });
    outgoing.on('socket', (socket) => this.sockets.add(socket));
    outgoing.end(Buffer.alloc(size, 'x'));
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
  }

  async webSocket(): Promise<WebSocket> {
    const client = new WebSocket(`ws://127.0.0.1:${this.server.proxyPort}/`, { headers: { host: this.host } });
    await once(client, 'open');
    this.sockets.add((client as unknown as { _socket: Socket })._socket);
    return client;
  }

  close(): void {
    this.agent.destroy();
  }
}

async function compareBytes(server: TestServer): Promise<void> {
  await server.cli('spawn', 'app', '--id', 'acme');
  const clients = new Clients(server, 'acme.localhost');
  const one = async (first: number) => {
    for (let index = first; index < REQUESTS; index += CONNECTIONS) await clients.post(index * 7, index % 5 === 0);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, first) => one(first)));
  const webSocket = await clients.webSocket();
  webSocket.send('x'.repeat(5000));
  await once(webSocket, 'message');
  // Requests that tenement answers itself, and those of another tenant, must not be among them.
  await server.get('nobody.localhost');
  await expect
    .poll(() => usageOf(server, 'acme'), { timeout: 30_000 })
    .toMatchObject({ requests: REQUESTS + 1, errors: 0, ...clients.bytes });
  webSocket.terminate();
  clients.close();
}

describe.each([1, 2])('with %i workers', (workers) => {
  it('1,000 requests of known size and a WebSocket are counted to the byte', async () => {
    await compareBytes(await serve(config(workers)));
  });
});

describe('usage', () => {
  const running = serveAll(config(1));

  it('shows the processor time that /proc shows', async () => {
    const server = running();
    await server.cli('spawn', 'app', '--id', 'busy');
    await server.get('busy.localhost', '/busy?ms=700');
    const { pid } = await server.instance('app:busy');
    await expectCpuOf(server, 'busy', pid ?? 0);
    const { cpuSeconds, wakes, awakeSeconds, memoryGbSeconds } = await usageOf(server, 'busy');
    expect(cpuSeconds).toBeGreaterThan(0.5);
    expect([wakes, awakeSeconds > 0, memoryGbSeconds > 0]).toEqual([0, true, true]);
  });

  it('counts a wake, and the last processor time of a process that went to sleep', async () => {
    const server = running();
    await server.cli('spawn', 'app', '--id', 'sleepy', '--no-start');
    await server.get('sleepy.localhost', '/busy?ms=300');
    await server.cli('sleep', 'app:sleepy');
    await expect.poll(async () => (await usageOf(server, 'sleepy')).wakes).toBe(1);
    await expect.poll(async () => (await usageOf(server, 'sleepy')).cpuSeconds).toBeGreaterThan(0.25);
    // Asleep it costs nothing.
    const before = await usageOf(server, 'sleepy');
    await server.cli('spawn', 'app', '--id', 'other');
    await expect.poll(async () => (await usageOf(server, 'other')).awakeSeconds).toBeGreaterThan(1);
    expect(await usageOf(server, 'sleepy')).toEqual(before);
  });

  it('counts what a process used while its server was killed and started again, once', async () => {
    const server = await serve(config(1));
    await server.cli('spawn', 'app', '--id', 'acme');
    await server.get('acme.localhost');
    await expect.poll(async () => (await usageOf(server, 'acme')).requests, { timeout: 10_000 }).toBe(1);
    const { pid } = await server.instance('app:acme');
    const busy = server.get('acme.localhost', '/busy?ms=2000').catch(() => null);
    await expect.poll(() => cpuSecondsOf(pid ?? 0)).toBeGreaterThan(0.5);
    await server.stop('SIGKILL');
    await busy;
    await server.start();
    await server.get('acme.localhost');
    await expectCpuOf(server, 'acme', pid ?? 0);
    expect((await server.instance('app:acme')).pid).toBe(pid);
    // The request that was cut off may have been within the last second.
    const { requests } = await usageOf(server, 'acme');
    expect([2, 3]).toContain(requests);
  });

  it('is kept of a tenant that was deleted', async () => {
    const server = running();
    await server.cli('spawn', 'app', '--id', 'gone');
    await server.get('gone.localhost');
    await server.cli('rm', 'app:gone', '--purge', '--yes');
    await expect.poll(async () => (await usageOf(server, 'gone')).requests, { timeout: 10_000 }).toBe(1);
    expect((await server.cli('usage', 'gone', '--csv')).stdout).toMatch(/^tenant,period,.*\r\ngone,\d{4}-\d\d,1,0,/);
  });
});

async function expectCpuOf(server: TestServer, tenant: string, pid: number): Promise<void> {
  const difference = async () => Math.abs((await usageOf(server, tenant)).cpuSeconds - cpuSecondsOf(pid));
  await expect.poll(difference, { timeout: 20_000 }).toBeLessThan(CPU_TOLERANCE_S);
}

/** User and system time by proc(5): fields 14 and 15 of stat. */
function cpuSecondsOf(pid: number): number {
  const fields = readProc(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}
