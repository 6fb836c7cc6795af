/**
 * The client's side of an exchange, whether node:http reads and writes it, a connection of plain requests
 * (client-connection.ts), or a stream of HTTP/2.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Traffic } from '../../core/usage/traffic.ts';
import { hasBody, isChunked } from '../routing/headers.ts';
import type { HeaderLines } from './plain/plain-head.ts';

export interface ClientRequest {
  readonly method: string;
  /** The target as received. */
  readonly url: string;
  /** [name, value, …], latin1. */
  readonly rawHeaders: readonly string[];
  readonly socket: Socket;
  /** Whether the body comes in chunks. */
  readonly isChunked: boolean;
  /** null without a body. */
  readonly body: ClientBody | null;
  /** Its header lines, if the previous request on the connection had the same; otherwise null. */
  readonly repeated: HeaderLines | null;
  /** Counts the bytes of the request and of its response: those that did not count yet, and from now on all. */
  countFor(traffic: Traffic): void;
}

export interface ClientBody extends Readable {
  /** [name, value, …], once a chunked body is complete. */
  readonly rawTrailers?: readonly string[];
}

/** What takes the bytes of a response: the connection, or its stream of it. */
export type ResponseChannel = Pick<Writable, 'cork' | 'uncork' | 'once' | 'writableNeedDrain'>;

/** The used part of node:http's ServerResponse, with the same meaning. */
export interface ClientResponse {
  /** Whether another request may follow on the connection. */
  shouldKeepAlive: boolean;
  /** Whether status and header fields are set. */
  readonly headersSent: boolean;
  readonly req: { readonly socket: Socket; readonly httpVersionMinor: number };
  /** null when the response is over. */
  readonly socket: ResponseChannel | null;
  /** Bytes that the system has not taken. */
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  /** Without a reason the usual phrase is sent. `headers`: raw. */
  writeHead(status: number, reason: string | undefined, headers: string[]): unknown;
  flushHeaders(): void;
  /** Returns whether there is room for more. */
  write(bytes: Buffer): boolean;
  end(bytes?: string | Buffer, encoding?: BufferEncoding): unknown;
  /** A head that can be written unchanged for another response with the same fields; null: none. */
  readonly writtenHead?: string | null;
  /** Like `writeHead`, with such a head. */
  writeHeadAgain?(head: string): void;
  addTrailers(trailers: [name: string, value: string][]): void;
  writeContinue(): void;
  writeProcessing(): void;
  writeEarlyHints(hints: { readonly link: string[] }): void;
  destroy(): unknown;
}

/** A request that is being served. Its owner reports events of the client. */
export interface ServedRequest {
  start(): void;
  /** The client left, or has its whole response. */
  closed(): void;
  /** The client accepts more of its response. */
  drained(): void;
}

/** A host program's server may use TLS. */
export function protoOf(socket: Socket): 'http' | 'https' {
  return 'encrypted' in socket ? 'https' : 'http';
}

/** @param countFor counts its bytes; default: they are not counted */
export function requestOf(message: IncomingMessage, countFor: ClientRequest['countFor'] = () => {}): ClientRequest {
  const { method = 'GET', url = '/', rawHeaders, socket } = message;
  const chunked = isChunked(rawHeaders);
  const body = chunked || hasBody(rawHeaders) ? message : null;
  return { method, url, rawHeaders, socket, isChunked: chunked, body, repeated: null, countFor };
}
