/** The response to an HTTP/2 request. */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Traffic } from '../../../core/usage/traffic.ts';
import type { ClientResponse, ResponseChannel } from '../client.ts';

/**
 * Interim responses of one request that are passed on. No flow control bounds them, so a client that reads nothing would
 * keep them all in memory; browsers use the first early hints only.
 */
const MAX_INTERIM = 8;
/** RFC 9113 §8.2.2. The other fields of a connection are dropped from every response (header-rules.ts). */
const FORBIDDEN = 'http2-settings';
const HEADER_REST = ': \r\n'.length;
const STATUS_LINE = 'HTTP/1.1 200 OK\r\n\r\n'.length;

export class Http2Response implements ClientResponse {
  /** Every stream ends with its response, and the connection by GOAWAY. */
  shouldKeepAlive = true;
  headersSent = false;
  /** Whether all of it was written, though the client may not have taken it. */
  isEnded = false;
  /** Where its bytes count; null: nowhere. */
  traffic: Traffic | null = null;
  readonly req: { readonly socket: Socket; readonly httpVersionMinor: number };
  private readonly stream: ServerHttp2Stream;
  private readonly hooks: Http2ResponseHooks;
  /** Complete, but not yet sent: the frame also says whether a body follows. */
  private head: OutgoingHttpHeaders | null = null;
  private trailers: OutgoingHttpHeaders | null = null;
  private interims = 0;

  constructor(stream: ServerHttp2Stream, socket: Socket, hooks: Http2ResponseHooks) {
    this.stream = stream;
    this.hooks = hooks;
    this.req = { socket, httpVersionMinor: 1 };
  }

  get socket(): ResponseChannel | null {
    return this.isOver ? null : this.stream;
  }

  get writableLength(): number {
    return this.stream.writableLength;
  }

  get writableNeedDrain(): boolean {
    return this.stream.writableNeedDrain;
  }

  private get isOver(): boolean {
    return this.stream.destroyed || this.stream.closed;
  }

  /** HTTP/2 has no reason phrase. */
  writeHead(status: number, _reason: string | undefined, raw: readonly string[]): void {
    this.headersSent = true;
    this.head = headersOf(raw);
    this.head[constants.HTTP2_HEADER_STATUS] = status;
    this.count(STATUS_LINE + sizeOf(raw));
  }

  flushHeaders(): void {
    this.respond(false);
  }

  write(bytes: Buffer): boolean {
    this.respond(false);
    if (!this.takesBody) return true;
    this.count(bytes.length);
    return this.stream.write(bytes);
  }

  end(bytes: string | Buffer = '', encoding: BufferEncoding = 'utf8'): void {
    const body = typeof bytes === 'string' ? Buffer.from(bytes, encoding) : bytes;
    this.isEnded = true;
    this.respond(true, body.length === 0 && this.trailers === null);
    if (this.takesBody) {
      this.count(body.length);
      this.stream.end(body);
    }
    this.hooks.onEnded();
  }

  addTrailers(trailers: readonly (readonly [name: string, value: string])[]): void {
    this.trailers = headersOf(trailers.flat());
    this.count(sizeOf(trailers.flat()));
  }

  writeContinue(): void {
    this.inform({ [constants.HTTP2_HEADER_STATUS]: 100 });
  }

  writeProcessing(): void {
    this.inform({ [constants.HTTP2_HEADER_STATUS]: 102 });
  }

  writeEarlyHints({ link }: { readonly link: readonly string[] }): void {
    this.inform({ [constants.HTTP2_HEADER_STATUS]: 103, link: link.join(', ') });
  }

  /** Resets the stream, so that a part of a response does not look complete. */
  destroy(code: number = constants.NGHTTP2_INTERNAL_ERROR): void {
    this.hooks.onReset();
    this.stream.close(code);
    // A client that takes nothing would keep the stream, and what it holds.
    this.stream.destroy();
  }

  private inform(headers: OutgoingHttpHeaders): void {
    this.interims += 1;
    if (this.interims <= MAX_INTERIM && !this.isOver && !this.headersSent) this.stream.additionalHeaders(headers);
  }

  /** False also for HEAD, and for a status without a body. */
  private get takesBody(): boolean {
    return !this.isOver && !this.stream.writableEnded;
  }

  /** @param isWhole whether all that follows is known @param isEmpty whether nothing follows */
  private respond(isWhole: boolean, isEmpty = false): void {
    const { head, stream } = this;
    this.head = null;
    if (head === null || this.isOver) return;
    const waitForTrailers = isWhole ? this.trailers !== null : head['content-length'] === undefined;
    if (waitForTrailers) stream.once('wantTrailers', () => stream.sendTrailers(this.trailers ?? {}));
    stream.respond(head, { endStream: isEmpty, waitForTrailers });
  }

  private count(bytes: number): void {
    this.hooks.onBytes(bytes);
    if (this.traffic !== null) this.traffic.egressBytes += bytes;
  }
}

export interface Http2ResponseHooks {
  /** Bytes of it were written. */
  onBytes(bytes: number): void;
  /** All of it was written. */
  onEnded(): void;
  /** The stream is about to be reset. */
  onReset(): void;
}

/** @param raw [name, value, …] */
function headersOf(raw: readonly string[]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = Object.create(null);
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const before = headers[name];
    if (name === FORBIDDEN) continue;
    if (before === undefined) headers[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = [String(before), value];
  }
  return headers;
}

/** Returns the size of header lines in HTTP/1.1, whatever HPACK makes of them. */
function sizeOf(raw: readonly string[]): number {
  let bytes = (raw.length / 2) * HEADER_REST;
  for (const text of raw) bytes += text.length;
  return bytes;
}
