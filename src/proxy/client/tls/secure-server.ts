/** Does handshakes with node:tls: two servers that never listen and are handed connections. */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type Certificate, serverNameOf } from '../../../core/tls/certificate.ts';
import type { TlsTable } from '../../../core/tls/tls-table.ts';
import { confine } from '../../../faults.ts';
import type { Logger } from '../../../logger.ts';
import { SecureContexts, TLS_OPTIONS } from './secure-contexts.ts';

/** The protocol by which a certificate authority checks a host (RFC 8737). */
export const CHALLENGE_PROTOCOL = 'acme-tls/1';

export interface SecureServerOptions {
  readonly table: TlsTable;
  readonly logger: Logger;
  /** Offered to clients, the preferred one first. */
  readonly protocols: readonly string[];
  /** The handshake is over. Nothing was read of the connection yet. */
  onSecure(socket: TLSSocket): void;
  onFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void;
}

export class SecureServer {
  private readonly table: TlsTable;
  private readonly clients: Server;
  private readonly challenges: Server;
  private fallback: Certificate | null = null;
  private ticketKey: string | null = null;

  constructor(options: SecureServerOptions) {
    const { table } = options;
    const contexts = new SecureContexts();
    this.table = table;
    this.clients = serverOf(options, options.protocols, contexts, (name) => table.certificates.find(name));
    this.challenges = serverOf(options, [CHALLENGE_PROTOCOL], contexts, (name) => table.challenge(name));
    this.follow();
    table.onChanged(() => this.follow());
  }

  /** Does the handshake of a client. What was read of the connection has been put back. */
  handshake(socket: Socket): void {
    this.clients.emit('connection', socket);
  }

  /** Does the handshake of a certificate authority's check. */
  challenge(socket: Socket): void {
    this.challenges.emit('connection', socket);
  }

  /** A server has one certificate of its own, for clients that name no host; `SNICallback` finds the others. */
  private follow(): void {
    const { table, clients } = this;
    const { fallback } = table.certificates;
    if (fallback !== null && fallback.id !== this.fallback?.id) {
      clients.setSecureContext({ ...TLS_OPTIONS, cert: fallback.chain, key: fallback.key });
      this.ticketKey = null;
    }
    this.fallback = fallback;
    if (table.ticketKey === null || table.ticketKey === this.ticketKey) return;
    this.ticketKey = table.ticketKey;
    clients.setTicketKeys(Buffer.from(table.ticketKey, 'base64'));
  }
}

function serverOf(
  { logger, onSecure, onFailed }: SecureServerOptions,
  protocols: readonly string[],
  contexts: SecureContexts,
  find: (name: string) => Certificate | null,
): Server {
  const server = createServer({
    ...TLS_OPTIONS,
    ALPNProtocols: [...protocols],
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    SNICallback: (text, done) => {
      const name = serverNameOf(text);
      const certificate = name === null ? null : find(name);
      if (certificate === null) done(null);
      else done(null, contexts.of(certificate));
    },
  });
  server.on('secureConnection', onSecure).on('tlsClientError', onFailed);
  confine(server, logger);
  return server;
}
