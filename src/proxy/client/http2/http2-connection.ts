/** A client's connection that carries HTTP/2. */
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { confineWith, inside } from '../../../faults.ts';
import type { ServedRequest } from '../client.ts';
import type { ClientOfSource } from '../client-source.ts';
import { type Http2Head, readHttp2Head } from './http2-head.ts';
import type { Http2Request } from './http2-request.ts';
import type { Http2Response } from './http2-response.ts';
import { Http2Exchange, type Http2StreamOwner } from './http2-stream.ts';
import type { ResetBudget } from './reset-budget.ts';
import { CONNECTION_WINDOW_BYTES, sessionOptions } from './session-options.ts';
import { stopReading } from './stop-reading.ts';
import { UploadWindows } from './upload-windows.ts';
import type { WindowBudget } from './window-budget.ts';

/** How long the client may take to read GOAWAY, and to close its half. */
const LAST_FRAMES_MS = 2000;
/**
 * Bytes that a client may send beside those of requests, as in nginx: all that it sends may be eight times the header fields and
 * bodies that it sends and gets, and this in addition.
 */
const FREE_OVERHEAD_BYTES = 1024 * 1024;
const MOST_OVERHEAD = 8;
/**
 * Heads that nghttp2 has refused, because they are far beyond the limit. They are costly, and only the numbers of streams tell of
 * them. A client may leave numbers out, but then it has no bytes that are parts of no request.
 */
const MAX_REFUSED_HEADS = 10;
const BYTES_OF_REFUSED_HEADS = 16 * 1024;

export interface Http2ConnectionOwner {
  readonly maxHeadBytes: number;
  readonly resets: ResetBudget;
  readonly windowBudget: WindowBudget;
  serve(request: Http2Request, response: Http2Response, head: Http2Head): ServedRequest;
  /** Counts a further request under way on a connection. Returns what ends that; null: there is no room. */
  admit(): (() => void) | null;
  onGone(connection: Http2Connection): void;
  /** As `Http2StreamOwner` */
  onNoMemory(): void;
  /** The connection is closed because of what the client sends. */
  onAbuse(reason: string): void;
}

export class Http2Connection implements ClientOfSource, Http2StreamOwner {
  readonly socket: Socket;
  readonly windows: UploadWindows;
  /** Whether there was no request yet. */
  isNew = true;
  private readonly session: ServerHttp2Session;
  private readonly owner: Http2ConnectionOwner;
  private readonly streams = new Set<Http2Exchange>();
  /** The connection itself counts as one request, so there is one less for each but the first. */
  private readonly admitted: (() => void)[] = [];
  private quietSinceMs = performance.now();
  private payloadBytes = 0;
  private heads = 0;
  private isLeaving = false;
  /** Whether the connection is about to be closed for what its client sends. */
  private isCalmed = false;

  constructor(socket: Socket, owner: Http2ConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    this.session = performServerHandshake(socket, sessionOptions(owner.maxHeadBytes));
    this.session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.windows = new UploadWindows(owner.windowBudget, this.announceWindow);
    confineWith(socket, this.session);
    this.session.on('stream', this.onStream).on('error', ignore);
    // A client that closes its half can accept nothing, because flow control needs both.
    socket.once('end', () => socket.destroy()).once('close', this.onClose);
  }

  private readonly onClose = (): void => {
    this.windows.close();
    this.owner.onGone(this);
  };

  private readonly announceWindow = (initialWindowSize: number, onApplied: () => void): void => {
    if (!this.session.destroyed) this.session.settings({ initialWindowSize }, inside(this.socket, onApplied));
  };

  /** Returns how long no request has been under way, in ms. */
  idleMs(nowMs: number): number {
    return this.streams.size === 0 ? nowMs - this.quietSinceMs : 0;
  }

  private readonly onStream = (
    stream: ServerHttp2Stream,
    _headers: unknown,
    _flags: number,
    fields: string[],
  ): void => {
    this.isNew = false;
    // A reset by the client is an error to node:http2, and may have been read already.
    stream.on('error', ignore);
    if (this.session.destroyed) return;
    this.heads += 1;
    // What the client has cancelled by now was read together with its cancellation.
    if (stream.destroyed) return this.countReset();
    if (this.isCalmed) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    const read = readHttp2Head(fields, this.owner.maxHeadBytes);
    this.payloadBytes += read.bytes;
    const head = read.fault === null && !this.hasRoom() ? { ...read, fault: 'at_capacity' as const } : read;
    const exchange = new Http2Exchange(stream, head, this);
    this.streams.add(exchange);
    exchange.start(head);
  };

  /** Counts the request, if it is not the only one. */
  private hasRoom(): boolean {
    if (this.streams.size === 0) return true;
    const leave = this.owner.admit();
    if (leave !== null) this.admitted.push(leave);
    return leave !== null;
  }

  serve(request: Http2Request, response: Http2Response, head: Http2Head): ServedRequest {
    return this.owner.serve(request, response, head);
  }

  onBytes(bytes: number): void {
    this.payloadBytes += bytes;
  }

  onStreamGone(stream: Http2Exchange, isReset: boolean): void {
    const { streams, admitted } = this;
    streams.delete(stream);
    if (admitted.length > 0 && admitted.length >= streams.size) admitted.pop()?.();
    this.quietSinceMs = performance.now();
    if (isReset) this.countReset();
  }

  onNoMemory(): void {
    this.owner.onNoMemory();
  }

  private countReset(): void {
    if (!this.owner.resets.spend(performance.now())) this.calm('it resets too many requests');
  }

  /** Looks for what a client does slowly, or too much of. @param bodyIdleMs as `ProxyLimits.bodyIdleTimeoutMs` */
  look(nowMs: number, bodyIdleMs: number): void {
    for (const stream of this.streams) stream.look(nowMs, bodyIdleMs);
    this.windows.look();
    this.lookForFlood();
  }

  /** Nothing tells of frames that are parts of no request, and of heads that nghttp2 refuses. */
  lookForFlood(): void {
    if (this.isCalmed || this.session.destroyed) return;
    const { socket, payloadBytes } = this;
    const { bytesRead } = socket;
    const isFlood = bytesRead > FREE_OVERHEAD_BYTES + payloadBytes * MOST_OVERHEAD;
    if (isFlood) this.calm('it sends frames that are parts of no request');
    else if (bytesRead > BYTES_OF_REFUSED_HEADS + payloadBytes && this.refusedHeads > MAX_REFUSED_HEADS)
      this.calm('it sends heads that are far too large');
  }

  private get refusedHeads(): number {
    // Clients have the odd numbers.
    const { lastProcStreamID: last = 0 } = this.session.state;
    return Math.ceil(last / 2) - this.heads;
  }

  /**
   * Takes no further request, and closes the connection after those under way. GOAWAY says which request was the last, so
   * that the client sends later ones again.
   */
  leave(): void {
    if (this.isLeaving) return;
    this.isLeaving = true;
    this.socket.once('finish', () => this.destroySoon());
    // Requests that were read together are all served.
    setImmediate(inside(this.socket, () => this.session.close()));
  }

  /** Closes the connection; requests under way are cut off. */
  end(code: number = constants.NGHTTP2_NO_ERROR): void {
    // Of several the first one counts: close() sends one without an error.
    if (code !== constants.NGHTTP2_NO_ERROR && !this.session.destroyed) this.session.goaway(code);
    // After close() node:http2 goes on reading: with unread bytes the connection would be reset, and GOAWAY lost.
    this.session.close();
    this.session.destroy(undefined, code);
    this.destroySoon();
  }

  /** Otherwise node:http2 waits for the client to close its half. */
  private destroySoon(): void {
    const destroy = inside(this.socket, () => this.socket.destroy());
    setTimeout(destroy, LAST_FRAMES_MS).unref();
  }

  private calm(reason: string): void {
    if (this.isCalmed || this.session.destroyed) return;
    this.isCalmed = true;
    stopReading(this.socket);
    this.owner.onAbuse(reason);
    // While frames are being read, nghttp2 would drop its GOAWAY.
    const end = () => this.end(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    setImmediate(inside(this.socket, end));
  }
}

function ignore(): void {}
