/** One request on a connection, from its head to the end of its stream. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { confineWith } from '../../../faults.ts';
import type { ServedRequest } from '../client.ts';
import { readBodyOf } from './http2-body.ts';
import type { Http2Head } from './http2-head.ts';
import { Http2Request } from './http2-request.ts';
import { Http2Response, type Http2ResponseHooks } from './http2-response.ts';
import type { UploadWindows } from './upload-windows.ts';
import { UploadedBody } from './uploaded-body.ts';

export interface Http2StreamOwner {
  readonly socket: Socket;
  serve(request: Http2Request, response: Http2Response, head: Http2Head): ServedRequest;
  readonly windows: UploadWindows;
  /** A body is cut off, because too many are not read. */
  onNoMemory(): void;
  /** Bytes of a body arrived, or of a response were written. */
  onBytes(bytes: number): void;
  /** @param isReset whether the client reset it, or made it be reset */
  onStreamGone(stream: Http2Exchange, isReset: boolean): void;
}

export class Http2Exchange implements Http2ResponseHooks {
  private readonly stream: ServerHttp2Stream;
  private readonly owner: Http2StreamOwner;
  private readonly request: Http2Request;
  private readonly response: Http2Response;
  private served: ServedRequest | null = null;
  private body: UploadedBody | null = null;
  /** Whether the proxy reset it. */
  private isReset = false;
  /** What was left of the response at the last look. */
  private leftBytes = 0;
  private movedAtMs = 0;

  constructor(stream: ServerHttp2Stream, head: Http2Head, owner: Http2StreamOwner) {
    this.stream = stream;
    this.owner = owner;
    const { socket } = owner;
    confineWith(socket, stream);
    this.response = new Http2Response(stream, socket, this);
    this.request = new Http2Request(head, { stream, socket, response: this.response });
    if (this.request.body !== null) this.readBody();
    stream.once('close', this.onClose).on('drain', this.onDrain);
  }

  private readBody(): void {
    const { stream, owner, request } = this;
    const body = new UploadedBody(owner.windows);
    this.body = body;
    const onBytes = (bytes: number) => {
      request.received(bytes);
      owner.onBytes(bytes);
      body.received(bytes);
    };
    const onHeld = (bytes: number) => {
      if (body.holds(bytes)) return;
      owner.onNoMemory();
      this.response.destroy(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    };
    readBodyOf(stream, { onBytes, onHeld, onCut: () => this.over() });
    stream.once('end', () => body.end());
  }

  start(head: Http2Head): void {
    this.served = this.owner.serve(this.request, this.response, head);
    this.served.start();
  }

  onBytes(bytes: number): void {
    this.owner.onBytes(bytes);
  }

  /** The rest of the request is not needed; without the reset its client might never end it (RFC 9113 §8.1). */
  onEnded(): void {
    const { stream } = this;
    if (stream.readableEnded || stream.endAfterHeaders || stream.closed) return;
    this.isReset = true;
    stream.resume();
    if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
    else stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  onReset(): void {
    this.isReset = true;
  }

  /** @param limitMs as `lookWhetherTaken` */
  look(nowMs: number, limitMs: number): void {
    // What was read since the last part arrived is not held.
    this.body?.holds(this.stream.readableLength);
    this.lookWhetherTaken(nowMs, limitMs);
  }

  /** Resets the stream if its client has taken nothing of the end of the response for `limitMs`. */
  private lookWhetherTaken(nowMs: number, limitMs: number): void {
    const { response } = this;
    if (!response.isEnded || limitMs === 0) return;
    const { writableLength } = response;
    if (this.movedAtMs === 0 || writableLength !== this.leftBytes) {
      this.leftBytes = writableLength;
      this.movedAtMs = nowMs;
    } else if (nowMs - this.movedAtMs >= limitMs) response.destroy();
  }

  private over(): void {
    const { served } = this;
    this.served = null;
    served?.closed();
  }

  private readonly onDrain = (): void => this.served?.drained();

  private readonly onClose = (): void => {
    this.over();
    this.body?.end();
    const isReset = !this.isReset && this.stream.rstCode !== constants.NGHTTP2_NO_ERROR;
    this.owner.onStreamGone(this, isReset);
  };
}
