/** Requests that a proxy with TLS answers itself at its plain port: checks of a certificate authority, and redirects. */
import { normalizeHost } from '../../core/routing/host.ts';
import type { TlsSettings } from '../../core/routing/proxy-settings.ts';
import { DEFAULT_PORTS } from '../../core/routing/web-address.ts';
import { serverNameOf } from '../../core/tls/certificate.ts';
import type { TlsTable } from '../../core/tls/tls-table.ts';
import type { ClientRequest } from '../client/client.ts';
import type { OwnAnswer } from '../client-handler.ts';
import { headerValues } from './headers.ts';
import { targetPath } from './route.ts';

/** RFC 8555 §8.3. A tenant may answer checks, too: those whose token is not of this server pass to it. */
const CHALLENGES = '/.well-known/acme-challenge/';

export interface PlainPortOptions {
  readonly table: TlsTable;
  /** Settings as they are now; null: none. */
  settings(): TlsSettings | null;
  /** The port that TLS is served on. */
  tlsPort(): number;
  /** Whether a certificate may be ordered for a name. */
  mayObtain(name: string): boolean;
  /** Whether what the peer says of its client is believed. */
  isTrusted(request: ClientRequest): boolean;
}

/** Returns the answer to a request; null: it is served like any other. */
export function plainPortAnswers(options: PlainPortOptions): (request: ClientRequest) => OwnAnswer | null {
  return (request) => {
    const [host = '', ...others] = headerValues(request.rawHeaders, 'host');
    const path = others.length > 0 ? null : targetPath(request.url, host);
    if (path === null) return null;
    if (path.startsWith(CHALLENGES)) return challengeAnswer(request, path, options.table);
    const name = hostName(host);
    const settings = options.settings();
    if (name === null || settings?.redirect !== true || cameSecurely(request, options)) return null;
    const isServed = options.table.certificates.find(name) !== null || options.mayObtain(name);
    return isServed ? redirect(name, settings.publicPort ?? portFor(request, host, options.tlsPort()), path) : null;
  };
}

function challengeAnswer({ method }: ClientRequest, path: string, table: TlsTable): OwnAnswer | null {
  if (method !== 'GET' || !table.hasHttpChallenges) return null;
  const body = table.httpAnswer(path.slice(CHALLENGES.length));
  if (body === null) return null;
  const length = String(Buffer.byteLength(body));
  return { status: 200, headers: ['Content-Type', 'application/octet-stream', 'Content-Length', length], body };
}

/** A front server that clients reach by TLS says so. */
function cameSecurely(request: ClientRequest, { isTrusted }: PlainPortOptions): boolean {
  const protos = headerValues(request.rawHeaders, 'x-forwarded-proto');
  return protos.length > 0 && protos.at(-1)?.trim().toLowerCase() === 'https' && isTrusted(request);
}

/**
 * A client that has asked at port 80, and whose connection arrived at another, has come through a mapping of ports. Then port
 * 443 is mapped, too, and the port that TLS is served on may not be open to clients.
 */
function portFor({ socket }: ClientRequest, host: string, tlsPort: number): number {
  const asked = Number(/:(\d+)$/.exec(host)?.[1] ?? DEFAULT_PORTS.http);
  return asked === DEFAULT_PORTS.http && socket.localPort !== asked ? DEFAULT_PORTS.https : tlsPort;
}

/**
 * 308 and not 301, after which clients send a POST again as a GET (RFC 9110 §15.4.9). Caddy answers the same.
 */
function redirect(name: string, port: number, path: string): OwnAnswer {
  const location = `https://${name}${port === DEFAULT_PORTS.https ? '' : `:${port}`}${path}`;
  return { status: 308, headers: ['Location', location, 'Content-Length', '0'], body: '' };
}

function hostName(header: string): string | null {
  const host = normalizeHost(header);
  return host === null ? null : serverNameOf(host);
}
