/**
 * Where requests of clients come from. A source reads a protocol from connections; the proxy serves what it reads and knows
 * nothing of how.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../errors.ts';
import type { ClientRequest, ClientResponse, ServedRequest } from './client.ts';

export interface ClientSource {
  /** Reads a connection from its first byte to its end. Errors of the socket are the source's. */
  take(socket: Socket): ClientOfSource;
  /** Releases what the source holds beside its connections. Call it when these are closed. */
  close(): void;
}

export interface ClientOfSource {
  /** How long no request has been under way; 0 while one is. `nowMs`: on the clock of performance.now(). */
  idleMs(nowMs: number): number;
  /**
   * Announces that the server is closing: the connection ends, with what is under way. May be called repeatedly. Without it,
   * the last response on a connection says so (`shouldKeepAlive`).
   */
  leave?(): void;
}

/** What a source calls. */
export interface ClientHandler {
  /** A request whose head was read. The source starts it, and tells it of its client. */
  serve(request: ClientRequest, response: ClientResponse, fault: ErrorCode | null): ServedRequest;
  /** A request to switch protocols. The socket is the handler's; `head` was read behind the request. */
  upgrade(message: IncomingMessage, socket: Socket, head: Buffer): void;
  /** No request can be read from the connection (any more); it is to be answered and closed. */
  refuse(socket: Socket, code: ErrorCode): void;
}
