/**
 * For which hosts a connection is meant. A client may send requests for every host of the certificate on one connection
 * (RFC 9113 §9.1.1). Another host would be served past the choice of a certificate, so it gets 421 (§9.1.2).
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { normalizeHost } from '../../../core/routing/host.ts';

/** Hosts that are remembered. */
const MAX_KNOWN = 128;

export class Coverage {
  private readonly socket: TLSSocket | null;
  private readonly known = new Map<string, boolean>();
  /** The host of the last request. */
  private last: string | null = null;

  constructor(socket: Socket) {
    this.socket = 'getX509Certificate' in socket ? (socket as TLSSocket) : null;
  }

  /** @param host as received; null: none, or it is invalid, which others tell the client */
  includes(host: string | null): boolean {
    if (host === null || host === this.last) return true;
    const name = normalizeHost(host);
    if (name !== null && !this.isCovered(name)) return false;
    this.last = host;
    return true;
  }

  private isCovered(name: string): boolean {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const isCovered = this.look(name);
    if (this.known.size < MAX_KNOWN) this.known.set(name, isCovered);
    return isCovered;
  }

  private look(name: string): boolean {
    // A client that named no host in the handshake could not choose a certificate.
    const asked = this.socket?.servername;
    if (typeof asked !== 'string' || asked === '' || asked.toLowerCase() === name) return true;
    return this.socket?.getX509Certificate()?.checkHost(name) !== undefined;
  }
}
