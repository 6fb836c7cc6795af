/**
 * Connections from their first byte to the end of their handshake. The first message is read before OpenSSL gets it: it
 * decides whether there is a certificate, whose handshake it is, and whether it is TLS at all. Handshakes cost a
 * hundred times as much as a request, so only a few begin in each turn of the event loop, and requests are served in between.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HandshakeCounts, HandshakeResult } from '../../../core/tls/handshake-counts.ts';
import type { TlsSource } from '../../../core/tls/tls-source.ts';
import { confine, detached, inside } from '../../../faults.ts';
import type { Logger } from '../../../logger.ts';
import { PacedQueue } from '../../exchange/paced-queue.ts';
import { UNKNOWN_NAME_ALERT } from './alert.ts';
import { type ClientHello, type ReadHello, readClientHello } from './client-hello.ts';
import { CHALLENGE_PROTOCOL, SecureServer } from './secure-server.ts';

/** Of a config that sets no limit for headers. */
const DEFAULT_LIMIT_MS = 60_000;

export interface HandshakesOptions {
  readonly source: TlsSource;
  readonly logger: Logger;
  readonly counts: HandshakeCounts;
  readonly protocols: readonly string[];
  /** Time from the connection to the end of the handshake; 0: the default. */
  readonly limitMs: number;
  /** Whether a certificate may be ordered for a name that has none. */
  mayObtain(name: string): boolean;
  /** @param accepted the connection that the secure one is of */
  onSecure(socket: TLSSocket, accepted: Socket): void;
  /** HTTP came in clear. Nothing listens to the socket any more. */
  onPlainHttp(socket: Socket): void;
}

interface Pending {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
  /** The host that the client asked for; null: none. */
  serverName: string | null;
  /** Counted once. */
  result: HandshakeResult | null;
}

/** A client that speaks HTTP begins with the name of a method. */
const FIRST_OF_METHOD = /^[A-Z]/;

export class Handshakes {
  private readonly options: HandshakesOptions;
  private readonly server: SecureServer;
  private readonly queue = new PacedQueue(HANDSHAKES_A_TURN);
  /** By `addressesOf`, because node:tls does not tell which connection a secure one is of. */
  private readonly pending = new Map<string, Pending>();

  constructor(options: HandshakesOptions) {
    this.options = options;
    const { source, logger, protocols } = options;
    this.server = new SecureServer({
      table: source.table,
      logger,
      protocols,
      onSecure: (socket) => this.secure(socket),
      onFailed: (error, socket) => this.failed(error, socket),
    });
  }

  /** Begins with an accepted connection. */
  take(socket: Socket): void {
    const key = addressesOf(socket);
    // The client is gone already.
    if (key === null) return void socket.destroy();
    const timer = setTimeout(
      inside(socket, () => this.end(pending, 'timeout')),
      this.options.limitMs || DEFAULT_LIMIT_MS,
    ).unref();
    const pending: Pending = { socket, timer, serverName: null, result: null };
    this.pending.set(key, pending);
    socket.on('error', ignore).once('close', () => this.gone(key, pending));
    this.readHello(pending);
  }

  /** Ends all that have not become secure. */
  close(): void {
    for (const pending of [...this.pending.values()]) this.end(pending, 'aborted');
  }

  private readHello(pending: Pending): void {
    const { socket } = pending;
    let bytes: Buffer = Buffer.alloc(0);
    const stop = () => {
      socket.pause();
      socket.off('data', onData).off('end', onEnd);
    };
    const onData = (part: Buffer) => {
      bytes = bytes.length === 0 ? part : Buffer.concat([bytes, part]);
      const hello = readClientHello(bytes);
      if (hello === 'incomplete') return;
      stop();
      socket.unshift(bytes);
      this.decide(pending, hello, bytes);
    };
    const onEnd = () => this.end(pending, 'aborted');
    socket.on('data', onData).once('end', onEnd);
  }

  private decide(pending: Pending, hello: ReadHello, bytes: Buffer): void {
    if (hello === 'other') return this.refuseOther(pending, bytes);
    if (typeof hello === 'string') return this.begin(pending, false);
    const { serverName } = hello;
    pending.serverName = serverName;
    if (isChallenge(hello)) return this.beginChallenge(pending);
    const { certificates } = this.options.source.table;
    const certificate = serverName === null ? certificates.fallback : certificates.find(serverName);
    if (certificate === null) this.obtain(pending);
    else this.begin(pending, false);
  }

  /** Waits for a certificate, if there may be one. */
  private obtain(pending: Pending): void {
    const { source, logger, mayObtain } = this.options;
    const { serverName } = pending;
    if (serverName === null || source.obtain === null || !mayObtain(serverName)) return this.refuse(pending);
    const found = source.obtain(serverName).then(
      inside(pending.socket, () => {
        if (source.table.certificates.find(serverName) === null) this.refuse(pending);
        else this.begin(pending, false);
      }),
    );
    detached(logger, { part: 'tls' }, found);
  }

  private beginChallenge(pending: Pending): void {
    const { serverName } = pending;
    const { table } = this.options.source;
    if (serverName === null || table.challenge(serverName) === null) this.refuse(pending);
    else this.begin(pending, true);
  }

  private begin({ socket }: Pending, isForAuthority: boolean): void {
    this.queue.add(
      inside(socket, () => {
        if (socket.destroyed) return;
        if (isForAuthority) this.server.challenge(socket);
        else this.server.handshake(socket);
      }),
    );
  }

  private secure(socket: TLSSocket): void {
    const key = addressesOf(socket);
    const pending = key === null ? undefined : this.pending.get(key);
    if (key === null || pending === undefined) return void socket.destroy();
    clearTimeout(pending.timer);
    this.pending.delete(key);
    confine(socket, this.options.logger);
    if (socket.alpnProtocol === CHALLENGE_PROTOCOL) {
      this.count(pending, 'challenge');
      return socket.on('error', ignore).destroySoon();
    }
    this.count(pending, socket.isSessionReused() ? 'resumed' : 'full');
    this.options.onSecure(socket, pending.socket);
  }

  private failed({ code, message }: NodeJS.ErrnoException, socket: TLSSocket): void {
    const key = addressesOf(socket);
    const pending = key === null ? undefined : this.pending.get(key);
    const isGone = code === 'ECONNRESET' || code === 'EPIPE';
    this.options.logger.debug({ reason: message, client: socket.remoteAddress }, 'handshake failed');
    if (pending === undefined) return void socket.destroy();
    this.count(pending, isGone ? 'aborted' : 'failed');
  }

  private refuseOther(pending: Pending, bytes: Buffer): void {
    const { socket } = pending;
    if (!FIRST_OF_METHOD.test(bytes.toString('latin1', 0, 1))) return this.end(pending, 'failed');
    this.count(pending, 'plain-http');
    clearTimeout(pending.timer);
    this.options.onPlainHttp(socket);
  }

  private refuse(pending: Pending): void {
    const { socket, serverName } = pending;
    this.count(pending, 'unknown-name');
    this.options.logger.debug({ serverName }, 'no certificate for the name of a handshake');
    if (socket.writable) socket.end(UNKNOWN_NAME_ALERT, 'latin1', () => socket.destroy());
    else socket.destroy();
  }

  private end(pending: Pending, result: HandshakeResult): void {
    this.count(pending, result);
    pending.socket.destroy();
  }

  private gone(key: string, pending: Pending): void {
    clearTimeout(pending.timer);
    if (this.pending.get(key) !== pending) return;
    this.pending.delete(key);
    this.count(pending, 'aborted');
  }

  private count(pending: Pending, result: HandshakeResult): void {
    if (pending.result === null) this.options.counts.add(result);
    pending.result ??= result;
  }
}

/** With 4, a flood leaves requests a turn of the event loop every 2 ms or so; one at a time does no fewer in all. */
const HANDSHAKES_A_TURN = 4;

function isChallenge({ protocols: [first, ...others] }: ClientHello): boolean {
  return first === CHALLENGE_PROTOCOL && others.length === 0;
}

/** Returns what tells an open connection apart from all others; null once it is closed. */
function addressesOf({ remoteAddress, remotePort, localAddress }: Socket): string | null {
  return remoteAddress === undefined ? null : `${remoteAddress} ${remotePort} ${localAddress}`;
}

function ignore(): void {}
