/**
 * The client's side of an exchange, whoever reads and writes it: node:http, or a connection that carries plain requests
 * (client-connection.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { hasBody } from '../routing/headers.ts';
import type { HeaderLines } from './plain-request.ts';

export interface ClientRequest {
  readonly method: string;
  /** The target as received. */
  readonly url: string;
  /** [name, value, …], latin1. */
  readonly rawHeaders: readonly string[];
  readonly socket: Socket;
  /** Null when there is none. */
  readonly body: ClientBody | null;
  /** Its header lines, where the request before it on the connection had the same; else null. */
  readonly repeated: HeaderLines | null;
}

export interface ClientBody extends Readable {
  /** [name, value, …], once a chunked body is whole. */
  readonly rawTrailers?: readonly string[];
}

/** What of node:http's ServerResponse is used, with the meaning that it has there. */
export interface ClientResponse {
  /** Whether another request may follow on the connection. */
  shouldKeepAlive: boolean;
  /** Whether status and headers are settled. */
  readonly headersSent: boolean;
  readonly req: { readonly socket: Socket; readonly httpVersionMinor: number };
  /** Null when it is over. */
  readonly socket: Socket | null;
  /** Bytes that the system has not taken. */
  readonly writableLength: number;
  readonly writableNeedDrain: boolean;
  /** `headers`: raw. Without a reason the usual phrase stands. */
  writeHead(status: number, reason: string | undefined, headers: string[]): unknown;
  flushHeaders(): void;
  /** Returns whether there is room for more. */
  write(bytes: Buffer): boolean;
  end(bytes?: string | Buffer, encoding?: BufferEncoding): unknown;
  /** A head that could be written again as it is, for another answer with the same headers; null: there is none. */
  readonly writtenHead?: string | null;
  /** As `writeHead`, with such a head. */
  writeHeadAgain?(head: string): void;
  addTrailers(trailers: [name: string, value: string][]): void;
  writeContinue(): void;
  writeProcessing(): void;
  writeEarlyHints(hints: { readonly link: string[] }): void;
  destroy(): unknown;
}

/** A request that is being served. Its owner tells it of the client. */
export interface Served {
  start(): void;
  /** The client left, or has all of its answer. */
  closed(): void;
  /** It takes more of its answer. */
  drained(): void;
}

/** A host program's server may be one of TLS. */
export function protoOf(socket: Socket): 'http' | 'https' {
  return 'encrypted' in socket ? 'https' : 'http';
}

export function requestOf(message: IncomingMessage): ClientRequest {
  const { method = 'GET', url = '/', rawHeaders, socket } = message;
  return { method, url, rawHeaders, socket, body: hasBody(rawHeaders) ? message : null, repeated: null };
}
