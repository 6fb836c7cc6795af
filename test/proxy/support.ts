/** A proxy over a fake source, with real upstreams on Unix sockets, and clients that see bytes. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import { connect, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, vi } from 'vitest';
import type {
  Admission,
  Lease,
  Outcome,
  Requester,
  SecondTry,
  UpstreamSource,
} from '../../src/core/admission/serving.ts';
import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import type { Upstream } from '../../src/core/ports.ts';
import {
  type IdentitySettings,
  type ProxySettings,
  ProxySettingsPublisher,
} from '../../src/core/routing/proxy-settings.ts';
import type { RoutingTable } from '../../src/core/routing/routing-table.ts';
import { DEFAULT_PROXY_LIMITS, type ProxyLimits } from '../../src/core/service/service.ts';
import { Traffic } from '../../src/core/usage/traffic.ts';
import { silentLogger } from '../../src/logger.ts';
import type { GatewayOptions } from '../../src/proxy/gateway.ts';
import { createProxy, type ProxyServer } from '../../src/proxy/server.ts';
import { SocketServer } from '../../src/proxy/socket-server.ts';
import { secureConnection, testCertificate, testTls } from './secure.ts';

export const TABLE: RoutingTable = {
  version: 1,
  suffixes: [
    ['web.localhost', ['web']],
    ['api.localhost', ['api']],
    ['localhost', ['web']],
  ],
  anyDomain: null,
  aliases: [['shop', 'acme']],
};

export function settingsOf(trustedProxies: readonly string[] = []): ProxySettings {
  return { routing: TABLE, trustedProxies, identity: null, tls: null };
}

export interface FakeLease extends Lease {
  readonly released: Promise<void>;
  releases: number;
  outcome: Outcome | undefined;
  stream: boolean;
}

/** Grants leases of the upstreams that the test sets, and counts their outcomes. */
export class FakeSource implements UpstreamSource {
  readonly upstreams = new Map<InstanceName, Upstream>();
  readonly leases: FakeLease[] = [];
  readonly secondTries: SecondTry[] = [];
  /** Who sent each request. */
  readonly requesters: (Requester | undefined)[] = [];
  /** Replaces the next claims, first in, first out. */
  readonly script: ((grant: () => FakeLease, signal: AbortSignal) => Admission | Promise<Admission>)[] = [];
  requestTimeoutMs = 0;
  /** Where all its leases count. */
  readonly traffic = new Traffic();
  heldMs: number | null = null;
  generation = 1;
  private readonly listeners: ((generation: number) => void)[] = [];

  has(instance: InstanceName): boolean {
    return this.upstreams.has(instance);
  }

  claim(
    instance: InstanceName,
    signal: AbortSignal,
    again?: SecondTry,
    requester?: Requester,
  ): Admission | Promise<Admission> {
    this.requesters.push(requester);
    if (again !== undefined) this.secondTries.push(again);
    const grant = () => this.grant(instance);
    return this.script.shift()?.(grant, signal) ?? grant();
  }

  /** Generation → open connections of the proxy. */
  readonly connections = new Map<number, number>();

  countConnection(generation: number, change: 1 | -1): void {
    this.connections.set(generation, (this.connections.get(generation) ?? 0) + change);
  }

  onRetired(listener: (generation: number) => void): void {
    this.listeners.push(listener);
  }

  /** Retires a generation whose process is gone. */
  retire(generation: number): void {
    for (const listener of this.listeners) listener(generation);
  }

  private grant(instance: InstanceName): FakeLease {
    const upstream = this.upstreams.get(instance);
    if (upstream === undefined) throw new Error(`no upstream for ${instance}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const tenantId = instance.split(':')[1] ?? '';
    // A pool belongs to one generation, so each upstream has its own.
    const generation = this.generation * 1000 + [...this.upstreams.keys()].indexOf(instance);
    const lease: FakeLease = {
      instance,
      tenantId,
      upstream,
      generation,
      heldMs: this.heldMs,
      requestTimeoutMs: this.requestTimeoutMs,
      isMetered: false,
      traffic: this.traffic,
      released: promise,
      releases: 0,
      outcome: undefined,
      stream: false,
      becomeStream: () => {
        lease.stream = true;
      },
      release: (outcome) => {
        lease.releases += 1;
        lease.outcome = outcome;
        resolve();
      },
    };
    this.leases.push(lease);
    return lease;
  }
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly raw: string[];
  readonly body: string;
}

/** Whether clients send bytes that make node:http read the connection, instead of the reader of plain requests. */
let isReadByNode = false;

/** Declares the tests of other files once more, with requests that node:http reads. Needs modules of its own. */
export function describeReadByNode(suites: Suites): void {
  isReadByNode = true;
  describeAgain(suites);
}

/** As in src/proxy/client/node/half-close.ts. */
const HALF_CLOSE_PATIENCE_MS = 2000;

/** Whether clients connect to public sockets that are `proxied`, instead of the proxy. */
let isOverSockets = false;

/** Declares the tests of other files once more, over public sockets. Needs modules of its own. */
export function describeOverSockets(suites: Suites): void {
  isOverSockets = true;
  describeAgain(suites);
}

/** Whether clients connect by TLS. */
let isOverTls = false;

/** Declares the tests of other files once more, over TLS. Needs modules of its own. */
export function describeOverTls(suites: Suites): void {
  isOverTls = true;
  describeAgain(suites);
}

/** The name of each suite, and what imports its file. */
type Suites = Readonly<Record<string, () => Promise<unknown>>>;

function describeAgain(suites: Suites): void {
  for (const [suite, load] of Object.entries(suites)) {
    describe(suite, async () => {
      await load();
    });
  }
}

/** Tenants of the service `web` that have a public socket. The last one is not registered. */
const WITH_SOCKETS = ['acme', 'beta', 'globex', 'nobody'];

const ANY_PORT = { host: '127.0.0.1', port: 0 };
/** A client that takes whatever certificate it gets, and asks for none. */
const TRUSTING = { rejectUnauthorized: false, servername: '', agent: false } as const;

/** Everything that one test opens; `close` ends all of it. */
export class Bench {
  readonly source = new FakeSource();
  readonly turnedAway = new TurnedAway();
  proxy!: ProxyServer;
  port = 0;
  dir = '';
  private readonly servers: (Server | NetServer)[] = [];
  private readonly sockets = new Set<Socket>();

  static async open(
    trustedProxies: readonly string[] = [],
    limits: Partial<ProxyLimits> = {},
    { sources = null, ...more }: { sources?: IdentitySettings | null } & Partial<GatewayOptions> = {},
  ): Promise<Bench> {
    const bench = new Bench();
    bench.dir = await mkdtemp(join(tmpdir(), 'tenement-proxy-'));
    const { source } = bench;
    const options = {
      source,
      settings: new ProxySettingsPublisher({ ...settingsOf(trustedProxies), identity: sources }),
      limits: { ...DEFAULT_PROXY_LIMITS, ...limits },
      turnedAway: bench.turnedAway,
      logger: silentLogger(),
      ...more,
    };
    if (isOverSockets) {
      await bench.listenAtSockets(new SocketServer(options));
      return bench;
    }
    if (isOverTls) {
      bench.proxy = createProxy({ ...options, tls: testTls(testCertificate()) });
      const bound = await bench.proxy.listen({ ...ANY_PORT, tls: ANY_PORT });
      bench.port = bound.tls?.port ?? 0;
      return bench;
    }
    bench.proxy = createProxy(options);
    bench.port = (await bench.proxy.listen(ANY_PORT)).port;
    return bench;
  }

  private async listenAtSockets(server: SocketServer): Promise<void> {
    this.proxy = { listen: async (address) => address, close: (...how) => server.close(...how) };
    for (const tenant of WITH_SOCKETS) {
      const options = { allowHalfOpen: true, pauseOnConnect: true };
      const listener = createNetServer(options, (socket) => void server.take(`web:${tenant}`, socket));
      this.servers.push(listener);
      listener.listen(this.socketOf(tenant));
      await once(listener, 'listening');
    }
  }

  private socketOf(tenant: string | undefined): string {
    return join(this.dir, `${WITH_SOCKETS.find((one) => one === tenant) ?? 'nobody'}.public`);
  }

  /** Where a client connects that asks for this host. */
  private addressFor(host: string): { socketPath: string } | { host: string; port: number } {
    if (!isOverSockets) return { host: '127.0.0.1', port: this.port };
    return { socketPath: this.socketOf(host.split('.')[0]) };
  }

  get webSocketScheme(): 'ws' | 'wss' {
    return isOverTls ? 'wss' : 'ws';
  }

  /** An HTTP application of a tenant. */
  async app(instance: InstanceName, listener: RequestListener): Promise<Server> {
    const server = http.createServer({ keepAliveTimeout: 5000 }, listener);
    await this.serve(instance, server);
    return server;
  }

  /** Starts an application whose responses the test writes byte for byte. */
  async rawApp(instance: InstanceName, listener: (socket: Socket) => void): Promise<NetServer> {
    const server = createNetServer((socket) => {
      socket.on('error', () => {});
      listener(socket);
    });
    await this.serve(instance, server);
    return server;
  }

  private async serve(instance: InstanceName, server: Server | NetServer): Promise<void> {
    const socketPath = join(this.dir, `${this.servers.length}.sock`);
    server.on('connection', (socket: Socket) => this.track(socket));
    this.servers.push(server);
    server.listen(socketPath);
    await once(server, 'listening');
    this.source.upstreams.set(instance, { socketPath });
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }

  /** A client connection, for tests that write their own bytes. */
  async socket(): Promise<Socket> {
    const socket = isOverSockets ? await this.opened(connect(this.socketOf('acme'))) : await this.connect(this.port);
    // RFC 9112 §2.2: empty lines before a request are ignored.
    if (isReadByNode) socket.write('\r\n');
    return socket;
  }

  async connect(port: number): Promise<Socket> {
    if (isOverTls) return this.track(await secureConnection(port));
    return this.opened(connect(port, '127.0.0.1'));
  }

  private async opened(socket: Socket): Promise<Socket> {
    this.track(socket).on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  /** Sends bytes; settles with everything received until the proxy closes. */
  async raw(bytes: string): Promise<string> {
    const socket = await this.socket();
    socket.write(bytes, 'latin1');
    return readAll(socket);
  }

  request(options: http.RequestOptions = {}): http.ClientRequest {
    const apart = isReadByNode ? { te: 'trailers' } : {};
    const headers = { host: 'acme.localhost', ...apart, ...(options.headers as http.OutgoingHttpHeaders | undefined) };
    const where = this.addressFor(String(headers.host));
    const all = { agent: false, ...options, ...where, headers };
    const request = isOverTls ? https.request({ ...all, ...TRUSTING }) : http.request(all);
    request.on('socket', (socket) => this.track(socket));
    return request;
  }

  /** Sends a request; settles with the response. */
  async fetch(options: http.RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
    const request = this.request(options);
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return answerOf(response);
  }

  /** Settles with the value of `count` once it stays the same while ten other requests are answered. */
  async standstill(count: () => number): Promise<number> {
    for (;;) {
      const before = count();
      for (let turn = 0; turn < 10; turn += 1) await this.fetch({ headers: { host: 'nobody.localhost' } });
      if (count() === before) return before;
    }
  }

  /**
   * Stops the time by which the proxy judges clients that close their sending half, until the bench closes: a busy machine
   * may let any time pass between a request and the end behind it.
   */
  stopTime(): void {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  }

  /** Lets intervals pass until `gone`, by which a client that closed its sending half and takes nothing has left. */
  async passIntervalsUntil(gone: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = gone.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      vi.advanceTimersByTime(HALF_CLOSE_PATIENCE_MS);
      await turn();
    }
    await over;
  }

  async close(): Promise<void> {
    vi.useRealTimers();
    vi.restoreAllMocks();
    await this.proxy.close(0);
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await rm(this.dir, { recursive: true, force: true });
  }
}

export async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    headers: response.headers,
    raw: response.rawHeaders,
    body: Buffer.concat(chunks).toString(),
  };
}

export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return text;
}

/** Settles with the received text once it contains `text`. */
export function readUntil(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = '';
    const onClose = () => reject(new Error(`closed before ${JSON.stringify(text)}; got ${JSON.stringify(seen)}`));
    const onData = (chunk: Buffer) => {
      seen += chunk.toString('latin1');
      if (!seen.includes(text)) return;
      socket.off('data', onData).off('close', onClose);
      resolve(seen);
    };
    socket.on('data', onData).once('close', onClose);
  });
}

/** Answers with the request as the application received it. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, rawHeaders } = request;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method, url, rawHeaders, body: Buffer.concat(chunks).toString() }));
  });
}

/** Writes `size` bytes as fast as the stream accepts them, then ends it. `sent` counts the accepted bytes. */
export function pour(stream: Writable, size: number): { sent: number } {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const poured = { sent: 0 };
  const pump = () => {
    while (poured.sent < size) {
      poured.sent += chunk.length;
      if (!stream.write(chunk)) return void stream.once('drain', pump);
    }
    stream.end();
  };
  pump();
  return poured;
}
