/** The proxy behind a TLS listener that offers HTTP/2, and clients of it: node:http2's own, and one that sends any frames. */
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { TurnedAway } from '../../../../src/core/admission/turned-away.ts';
import { DomainRoutes } from '../../../../src/core/domains/domain-routes.ts';
import { ProxySettingsPublisher } from '../../../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS, type ProxyLimits } from '../../../../src/core/service/service.ts';
import type { Certificate } from '../../../../src/core/tls/certificate.ts';
import { silentLogger } from '../../../../src/logger.ts';
import { createProxy, type ProxyServer } from '../../../../src/proxy/server.ts';
import { certificateFor, secureConnection, testTls } from '../../secure.ts';
import { Bench, settingsOf } from '../../support.ts';
import { RawHttp2 } from './raw-http2.ts';

let certificate: Certificate | null = null;

export interface Http2Answer {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
}

export interface SecureBenchOptions {
  readonly limits?: Partial<ProxyLimits>;
  readonly trustedProxies?: readonly string[];
}

/** A bench with a second proxy, which is reached by HTTP/2 over TLS. */
export class SecureBench {
  readonly bench: Bench;
  port = 0;
  readonly domains = new DomainRoutes();
  private readonly proxy: ProxyServer;
  private readonly clients = new Set<{ destroy(): void }>();

  static async open(options: SecureBenchOptions = {}): Promise<SecureBench> {
    const secure = new SecureBench(await Bench.open(options.trustedProxies, options.limits), options);
    const anyPort = { host: '127.0.0.1', port: 0 };
    const { tls } = await secure.proxy.listen({ ...anyPort, tls: anyPort });
    secure.port = tls?.port ?? 0;
    return secure;
  }

  private constructor(bench: Bench, { limits = {}, trustedProxies }: SecureBenchOptions) {
    this.bench = bench;
    certificate ??= certificateFor(
      'acme.localhost',
      'beta.localhost',
      'nobody.localhost',
      '*.web.localhost',
      'localhost',
    );
    this.proxy = createProxy({
      source: bench.source,
      settings: new ProxySettingsPublisher(settingsOf(trustedProxies), this.domains),
      limits: { ...DEFAULT_PROXY_LIMITS, ...limits },
      turnedAway: new TurnedAway(),
      logger: silentLogger(),
      tls: testTls(certificate),
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
    const socket = await secureConnection(this.port, { servername: 'acme.localhost', ALPNProtocols: protocols });
    this.clients.add(socket);
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
    await this.proxy.close(0);
    await this.bench.close();
  };

  /** Ends like the server: what is under way may end. */
  drain(graceMs: number): Promise<void> {
    return this.proxy.close(graceMs);
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
