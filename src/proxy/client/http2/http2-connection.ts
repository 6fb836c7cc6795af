/** A client's connection that carries HTTP/2. */
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { confineWith, inside } from '../../../faults.ts';
import type { ServedRequest } from '../client.ts';
import type { ClientOfSource } from '../client-source.ts';
import { Coverage } from '../tls/coverage.ts';
import { type Http2Head, readHttp2Head } from './http2-head.ts';
import type { Http2Request } from './http2-request.ts';
import type { Http2Response } from './http2-response.ts';
import { Http2Exchange, type Http2StreamOwner } from './http2-stream.ts';
import type { ResetBudget } from './reset-budget.ts';
import { sessionOptions } from './session-options.ts';

/** A client learns of a GOAWAY, and answers a PING, within this time, or its later requests are refused. */
const NOTICE_MS = 1000;
/** The last frames of a connection are given this time. */
const LAST_FRAMES_MS = 2000;
/** The highest id of a stream: none is refused yet. */
const ANY_STREAM = 2 ** 31 - 1;
/**
 * Bytes that a client may send beside those of requests: like nginx, one eighth of all it sends must be header fields and
 * bodies, but for the first of them.
 */
const FREE_OVERHEAD_BYTES = 8 * 1024 * 1024;
const MOST_OVERHEAD = 8;

export interface Http2ConnectionOwner {
  readonly maxHeadBytes: number;
  readonly resets: ResetBudget;
  serve(request: Http2Request, response: Http2Response, head: Http2Head): ServedRequest;
  /** Counts a further request under way on a connection. Returns what ends that; null: there is no room. */
  admit(): (() => void) | null;
  onGone(connection: Http2Connection): void;
  /** The connection is closed because of what the client sends. */
  onAbuse(reason: string): void;
}

export class Http2Connection implements ClientOfSource, Http2StreamOwner {
  readonly socket: Socket;
  /** Whether there was no request yet. */
  isNew = true;
  private readonly session: ServerHttp2Session;
  private readonly owner: Http2ConnectionOwner;
  private readonly coverage: Coverage;
  private readonly streams = new Set<Http2Exchange>();
  /** The connection itself counts as one request, so there is one less for each but the first. */
  private readonly admitted: (() => void)[] = [];
  private quietSinceMs = performance.now();
  private payloadBytes = 0;
  private isLeaving = false;

  constructor(socket: Socket, owner: Http2ConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    this.coverage = new Coverage(socket);
    this.session = performServerHandshake(socket, sessionOptions(owner.maxHeadBytes));
    confineWith(socket, this.session);
    this.session.on('stream', this.onStream).on('error', ignore);
    socket.once('close', () => owner.onGone(this));
  }

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
    const read = readHttp2Head(fields, this.owner.maxHeadBytes);
    this.payloadBytes += read.bytes;
    // The client may have left while its request was read.
    if (stream.destroyed || this.session.destroyed) return;
    const head = read.fault === null ? { ...read, fault: this.faultOf(read) } : read;
    this.streams.add(new Http2Exchange(stream, head, this));
  };

  /** Whether there is room for the request, and the connection is meant for its host. */
  private faultOf(head: Http2Head): Http2Head['fault'] {
    if (!this.coverage.includes(head.host)) return 'misdirected_request';
    if (this.streams.size === 0) return null;
    const leave = this.owner.admit();
    if (leave === null) return 'at_capacity';
    this.admitted.push(leave);
    return null;
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
    if (isReset && !this.owner.resets.spend(this.quietSinceMs)) this.calm('it resets too many requests');
  }

  /** Looks for what a client does slowly, or too much of. @param bodyIdleMs as `ProxyLimits.bodyIdleTimeoutMs` */
  look(nowMs: number, bodyIdleMs: number): void {
    for (const stream of this.streams) stream.lookWhetherTaken(nowMs, bodyIdleMs);
    const { bytesRead } = this.socket;
    const isFlood = bytesRead > FREE_OVERHEAD_BYTES && bytesRead > this.payloadBytes * MOST_OVERHEAD;
    if (isFlood) this.calm('it sends frames that are parts of no request');
  }

  /** Announces the end; requests that the client sends before it knows are served. */
  leave(): void {
    if (this.isLeaving || this.session.destroyed) return;
    this.isLeaving = true;
    this.session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
    const close = inside(this.socket, () => this.session.close());
    const timer = setTimeout(close, NOTICE_MS).unref();
    this.session.ping(() => {
      clearTimeout(timer);
      close();
    });
  }

  /** Closes the connection; requests under way are cut off. */
  end(code: number = constants.NGHTTP2_NO_ERROR): void {
    this.session.destroy(undefined, code);
    // node:http2 waits until the client has taken the last frame.
    setTimeout(
      inside(this.socket, () => this.socket.destroy()),
      LAST_FRAMES_MS,
    ).unref();
  }

  private calm(reason: string): void {
    if (this.session.destroyed) return;
    this.owner.onAbuse(reason);
    this.end(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

function ignore(): void {}
