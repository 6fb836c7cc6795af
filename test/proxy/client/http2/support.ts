/** The proxy behind a TLS listener that offers HTTP/2, and clients of it: node:http2's own, and one that sends any frames. */
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import tls, { type Server, type TLSSocket } from 'node:tls';
import { ConnectionCap, clientOfSocket } from '../../../../src/connection-cap.ts';
import { TurnedAway } from '../../../../src/core/admission/turned-away.ts';
import { ProxySettingsPublisher } from '../../../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS, type ProxyLimits } from '../../../../src/core/service/service.ts';
import { confine } from '../../../../src/faults.ts';
import { type Logger, silentLogger } from '../../../../src/logger.ts';
import { ClientSources } from '../../../../src/proxy/client/client-sources.ts';
import { createClientHandler, type OwnGateway } from '../../../../src/proxy/client-handler.ts';
import { tooMany } from '../../../../src/proxy/exchange/error-page.ts';
import { openGateway, routeOf } from '../../../../src/proxy/gateway.ts';
import { InFlight } from '../../../../src/proxy/in-flight.ts';
import { makeCertificate, type TestCertificate } from '../../../certificates.ts';
import { Bench, settingsOf } from '../../support.ts';
import { RawHttp2 } from './raw-http2.ts';

let certificate: TestCertificate | null = null;

export interface Http2Answer {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
}

export interface SecureBenchOptions {
  readonly limits?: Partial<ProxyLimits>;
  readonly trustedProxies?: readonly string[];
  readonly logger?: Logger;
}

/** A bench whose proxy is reached by HTTP/2 over TLS. */
export class SecureBench {
  readonly bench: Bench;
  readonly gateway: OwnGateway;
  port = 0;
  private readonly sources: ClientSources;
  private readonly server: Server;
  private readonly clients = new Set<{ destroy(): void }>();

  static async open(options: SecureBenchOptions = {}): Promise<SecureBench> {
    const bench = await Bench.open(options.trustedProxies, options.limits);
    const secure = new SecureBench(bench, options);
    await secure.sources.loadHttp2();
    secure.server.listen(0, '127.0.0.1');
    await once(secure.server, 'listening');
    secure.port = (secure.server.address() as AddressInfo).port;
    return secure;
  }

  private constructor(bench: Bench, { limits = {}, trustedProxies, logger = silentLogger() }: SecureBenchOptions) {
    this.bench = bench;
    const all = { ...DEFAULT_PROXY_LIMITS, ...limits };
    const settings = new ProxySettingsPublisher(settingsOf(trustedProxies));
    const gateway = openGateway({ source: bench.source, settings, limits: all, logger }, new InFlight());
    this.gateway = gateway;
    const cap = new ConnectionCap({
      listener: 'proxy',
      limits: { inAll: all.maxConnections, perClient: all.maxConnectionsPerClient },
      turnedAway: new TurnedAway(),
      logger,
      answer: tooMany,
    });
    const clientOf = (socket: Socket) => clientOfSocket(socket, gateway.isTrusted);
    this.sources = new ClientSources({
      limits: all,
      logger,
      handler: createClientHandler(gateway, (request) => routeOf(request, gateway)),
      clientOf,
      admit: (client) => cap.admitRequest(client),
    });
    certificate ??= makeCertificate('acme.localhost', 'beta.localhost', 'nobody.localhost', '*.web.localhost');
    this.server = tls.createServer({ ...certificate, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
      confine(socket, logger);
      if (!cap.admit(socket, clientOf(socket), () => 0)) return;
      gateway.inFlight.connected(socket, this.sources.take(socket));
    });
  }

  /** Connects node:http2's client. */
  async connect(options: http2.SecureClientSessionOptions = {}): Promise<ClientHttp2Session> {
    const session = http2.connect(`https://127.0.0.1:${this.port}`, {
      servername: 'acme.localhost',
      rejectUnauthorized: false,
      ...options,
    });
    session.on('error', () => {});
    this.clients.add(session);
    await once(session, 'connect');
    return session;
  }

  /** Connects a client that sends frames as it is told. */
  async raw(): Promise<RawHttp2> {
    const socket = await this.tlsSocket(['h2']);
    return RawHttp2.over(socket);
  }

  async tlsSocket(protocols: string[]): Promise<TLSSocket> {
    const socket = tls.connect({
      port: this.port,
      host: '127.0.0.1',
      servername: 'acme.localhost',
      rejectUnauthorized: false,
      ALPNProtocols: protocols,
    });
    this.clients.add(socket);
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  }

  /** Sends one request on a connection of its own. */
  async fetch(headers: OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<Http2Answer> {
    const session = await this.connect();
    const answer = await answerOf(request(session, headers, body));
    session.close();
    return answer;
  }

  close = async (): Promise<void> => {
    for (const client of this.clients) client.destroy();
    await this.gateway.inFlight.drain(0);
    this.gateway.pools.destroy();
    this.sources.close();
    await new Promise((resolve) => this.server.close(resolve));
    await this.bench.close();
  };

  /** Ends like the server: what is under way may end. */
  drain(graceMs: number, patienceMs = 0): Promise<void> {
    return this.gateway.inFlight.drain(graceMs, undefined, patienceMs);
  }
}

/** Sends a request for acme; without a body it ends with its head. */
export function request(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: string | Buffer,
): ClientHttp2Stream {
  const all = { ':authority': 'acme.localhost', ':path': '/', ...headers };
  const stream = session.request(all, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return stream;
}

export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let trailers: http2.IncomingHttpHeaders = {};
  stream.on('trailers', (received) => {
    trailers = received;
  });
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return { status: headers[':status'] ?? 0, headers, body: Buffer.concat(parts).toString(), trailers };
}
