/**
 * A client's connection while it carries plain requests, one after the other. At the first request that is not plain it
 * goes to node:http for good.
 */
import type { Socket } from 'node:net';
import type { ClientRequest, ClientResponse, ServedRequest } from '../client.ts';
import { linger } from '../linger.ts';
import { halfClosed } from '../node/half-close.ts';
import { PlainBody } from './plain-body.ts';
import { type HeaderLines, type PlainHead, readPlainHead } from './plain-head.ts';
import { PlainRequest } from './plain-request.ts';
import { PlainResponse, type PlainResponseOwner } from './plain-response.ts';

/** How much is buffered of what a client sends before its response; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;
/** Cost of each read beside its bytes. */
const READ_OVERHEAD_BYTES = 512;

export interface ClientConnectionOwner {
  readonly maxHeadBytes: number;
  readonly keepAliveLines: string;
  serve(request: ClientRequest, response: ClientResponse): ServedRequest;
  /** Passes the connection on, with `bytes` that were read and not understood. The socket has no listeners any more. */
  onHandOver(connection: ClientConnection, bytes: Buffer): void;
  onGone(connection: ClientConnection): void;
}

export class ClientConnection implements PlainResponseOwner {
  readonly socket: Socket;
  /** When something that a client waits for last moved, in ms of performance.now(). */
  private quietSinceMs = performance.now();
  /** Whether there was no request yet. */
  isNew = true;
  private readonly owner: ClientConnectionOwner;
  /** Set until the response is complete. */
  private served: ServedRequest | null = null;
  private response: PlainResponse | null = null;
  private body: PlainBody | null = null;
  /** Lines of the last request, while the client is busy. */
  private lines: HeaderLines | null = null;
  /** Bytes behind the current request. */
  private held: Buffer[] = [];
  private heldBytes = 0;

  constructor(socket: Socket, owner: ClientConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    // A reset also raises `close`.
    socket.on('error', ignore).on('data', this.onData).on('drain', this.onDrain);
    socket.once('end', this.onEnd).once('close', this.onClose);
  }

  get keepAliveLines(): string {
    return this.owner.keepAliveLines;
  }

  /** Drops what the client may repeat: on an idle connection it is not worth the memory. */
  forget(): void {
    this.lines = null;
  }

  /** Returns how long nothing has been under way, in ms. */
  idleMs(nowMs: number): number {
    return this.served === null ? nowMs - this.quietSinceMs : 0;
  }

  /** After the response the rest of the body is unimportant, but the next request follows it. */
  onAnswered(): void {
    const { served, response, body, socket } = this;
    this.served = null;
    this.quietSinceMs = performance.now();
    served?.closed();
    const isLast = response?.shouldKeepAlive !== true || socket.readableEnded;
    if (body?.isWhole === false) body.resume();
    if (isLast) this.close();
    else if (body?.isWhole !== false) this.next();
  }

  /** Ends the connection. Nothing behind the last request is acted on. */
  private close(): void {
    const { socket, body } = this;
    if (body?.isWhole !== false && this.held.length === 0) return socket.destroySoon();
    this.held = [];
    linger(socket);
    // The socket was paused while too much was held.
    socket.resume();
  }

  private readonly onData = (bytes: Buffer): void => {
    if (this.body !== null && !this.body.isWhole) this.fill(this.body, bytes);
    else if (this.served !== null) this.hold(bytes);
    else this.begin(bytes);
  };

  private begin(bytes: Buffer): void {
    // The connection is closing, so nothing could be answered.
    if (!this.socket.writable) return;
    const head = readPlainHead(bytes, this.owner.maxHeadBytes, this.lines);
    // More than one request: the feed of node:http (request-feed.ts) takes them one at a time.
    if (head === null || bytes.length > head.bodyAt + head.lines.framing.length) return this.handOver(bytes);
    this.isNew = false;
    this.lines = head.lines;
    this.quietSinceMs = performance.now();
    const { length, keepAlive } = head.lines.framing;
    if (length > 0) this.body = new PlainBody(this.socket, length);
    this.response = new PlainResponse(this, { isHead: head.method === 'HEAD', keepAlive });
    this.serve(head, this.response);
    if (this.body !== null) this.fill(this.body, bytes.subarray(head.bodyAt));
  }

  private serve(head: PlainHead, response: PlainResponse): void {
    const { socket, body } = this;
    this.served = this.owner.serve(new PlainRequest(head, { socket, body, response }), response);
    this.served.start();
  }

  private fill(body: PlainBody, bytes: Buffer): void {
    const rest = body.fill(bytes);
    this.quietSinceMs = performance.now();
    if (rest.length > 0) this.hold(rest);
    if (this.served === null && body.isWhole) this.next();
  }

  private hold(bytes: Buffer): void {
    this.held.push(bytes);
    this.heldBytes += bytes.length + READ_OVERHEAD_BYTES;
    if (this.heldBytes >= HELD_BYTES) this.socket.pause();
  }

  /** No further requests are read from a client that does not accept its responses. */
  private next(): void {
    this.response = null;
    this.body = null;
    // The connection is closing, so nothing could be answered.
    if (!this.socket.writable) return this.close();
    if (this.held.length > 0) this.handOver(Buffer.concat(this.held));
    else if (this.socket.writableNeedDrain) this.socket.pause();
  }

  private readonly onDrain = (): void => {
    if (this.served !== null) this.served.drained();
    else this.socket.resume();
  };

  private readonly onEnd = (): void => {
    const { socket, response, body } = this;
    if (this.served === null || response === null || body?.isWhole === false) return socket.destroySoon();
    if (!response.headersSent) response.shouldKeepAlive = false;
    halfClosed(socket, performance.now() - this.quietSinceMs);
  };

  private readonly onClose = (): void => {
    const { served } = this;
    this.served = null;
    served?.closed();
    this.body?.destroy();
    this.owner.onGone(this);
  };

  private handOver(bytes: Buffer): void {
    const { socket } = this;
    socket.pause();
    socket.off('error', ignore).off('data', this.onData).off('drain', this.onDrain);
    socket.off('end', this.onEnd).off('close', this.onClose);
    this.owner.onHandOver(this, bytes);
  }
}

function ignore(): void {}
