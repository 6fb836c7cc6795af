/**
 * Feeds node:http one request of a connection at a time. Left to itself node:http reads all that has come and emits
 * 'request' for each at once; one client could then hold thousands of upstream connections. What stands behind the
 * request that is under way is not parsed; it waits here, and past a bound in the kernel.
 *
 * A refusal ends it: once the connection is not to be kept (`shouldKeepAlive` of the answer is false, or the socket has
 * been ended), or after `stop()`, nothing that was read behind the refused request is ever parsed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hasBody } from '../routing/headers.ts';
import { AsciiTarget } from './ascii-target.ts';
import { halfClosed } from './half-close.ts';

/** Of what a client sends before it has its answer; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;
/** What a read costs however small it was, so that many small ones cannot take more memory than a few large ones. */
const READ_OVERHEAD_BYTES = 512;
/** Ends every head, and every chunked body. */
const END = Buffer.from('\r\n\r\n');

const feeds = new WeakMap<Socket, RequestFeed>();

/** The feed of a connection that node:http reads. */
export function feedOf(socket: Socket): RequestFeed | undefined {
  return feeds.get(socket);
}

interface UnderWay {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** When its last byte was read, on the clock of performance.now(); null before that. */
  wholeSinceMs: number | null;
  isAnswered: boolean;
}

export class RequestFeed {
  private readonly socket: Socket;
  /** node:http's own listeners to the socket's data and its end. */
  private readonly parse: (bytes: Buffer) => void;
  private readonly finish: () => void;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private current: UnderWay | null = null;
  private readonly target = new AsciiTarget();
  /** Of a body with a length. */
  private bodyBytesLeft = 0;
  /** The last that was parsed: the end of a head may be cut in two. */
  private tail: Buffer = Buffer.alloc(0);
  private lastReadMs = performance.now();
  /** When it was answered last, or began. */
  private quietSinceMs = performance.now();
  private isFull = false;
  private hasEnded = false;
  private isOver = false;

  /** `attach` makes node:http read the paused socket. Begins with `bytes`, which were read before. */
  constructor(socket: Socket, bytes: Buffer, attach: () => void) {
    this.socket = socket;
    const before = socket.listeners('end');
    attach();
    [this.parse] = socket.listeners('data') as [(bytes: Buffer) => void];
    [this.finish] = socket.listeners('end').filter((listener) => !before.includes(listener)) as [() => void];
    feeds.set(socket, this);
    // Not before ours is there: a socket without such a listener is not read at all.
    socket.on('data', this.onData).off('data', this.parse);
    socket.off('end', this.finish).on('end', this.onEnd).on('drain', this.onDrain);
    this.onData(bytes);
    if (!this.isFull) socket.resume();
  }

  /** A head was parsed, and is to be answered. */
  began(message: IncomingMessage, response: ServerResponse): void {
    const withBody = hasBody(message.rawHeaders);
    const current = { message, response, wholeSinceMs: withBody ? null : performance.now(), isAnswered: false };
    this.current = current;
    const { 'transfer-encoding': coding, 'content-length': length } = message.headers;
    this.bodyBytesLeft = coding === undefined ? Number(length ?? 0) : 0;
    if (withBody) message.once('end', () => (current.wholeSinceMs = performance.now()));
    response.once('close', () => {
      current.isAnswered = true;
      this.quietSinceMs = performance.now();
      this.feed();
    });
  }

  /** Whether anything was read behind the request that is under way. */
  get holds(): boolean {
    return this.held.length > 0;
  }

  /** How long no request has been under way; 0 while one is, and when node:http reads it no more. */
  idleMs(nowMs: number): number {
    const { current } = this;
    const isBusy = this.isOver || (current !== null && !(current.isAnswered && current.message.complete));
    return isBusy ? 0 : nowMs - this.quietSinceMs;
  }

  /** Parses nothing more; what comes is read and thrown away, by which the client's end is seen. */
  stop(): void {
    this.isOver = true;
    this.drop();
  }

  /** Lets go of the socket, for whoever reads it as something else; returns what was read behind the last request. */
  release(): Buffer {
    const rest = Buffer.concat(this.held);
    this.stop();
    this.socket.off('data', this.onData).off('end', this.onEnd).off('drain', this.onDrain);
    return rest;
  }

  private readonly onData = (bytes: Buffer): void => {
    if (this.isOver) return;
    this.lastReadMs = performance.now();
    this.held.push(bytes);
    this.heldBytes += bytes.length + READ_OVERHEAD_BYTES;
    this.feed();
  };

  private feed(): void {
    while (this.held.length > 0 && this.mayParse()) this.parse(this.target.encode(this.next()));
    if (this.hasEnded && this.held.length === 0) this.ended();
    this.setFull(this.heldBytes >= HELD_BYTES);
  }

  private setFull(isFull: boolean): void {
    if (isFull) this.socket.pause();
    else if (this.isFull) {
      // What the client sent meanwhile, its end perhaps, is read only now.
      this.lastReadMs = performance.now();
      this.socket.resume();
    }
    this.isFull = isFull;
  }

  /** The body of the request that is under way, or else the next request. */
  private mayParse(): boolean {
    const { current, socket } = this;
    if (current !== null) {
      if (!current.message.complete) return true;
      if (!current.isAnswered) return false;
      this.current = null;
      this.target.begin();
    }
    // It is being closed: nothing could be answered.
    if (!socket.writable) this.stop();
    // A client that does not take its answers is not asked for more requests.
    return !this.isOver && !socket.writableNeedDrain;
  }

  /** Takes off what ends no more than one message, and begins no other. */
  private next(): Buffer {
    const [first = END] = this.held;
    const size = this.bodyBytesLeft > 0 ? Math.min(this.bodyBytesLeft, first.length) : endOf(first, this.tail);
    this.bodyBytesLeft = Math.max(0, this.bodyBytesLeft - size);
    const next = first.subarray(0, size);
    this.tail = (next.length < this.tail.length ? Buffer.concat([this.tail, next]) : next).subarray(-END.length + 1);
    this.heldBytes -= size;
    if (size < first.length) this.held[0] = first.subarray(size);
    else {
      this.held.shift();
      this.heldBytes -= READ_OVERHEAD_BYTES;
    }
    return next;
  }

  private readonly onDrain = (): void => this.feed();

  private readonly onEnd = (): void => {
    const { current, socket } = this;
    this.hasEnded = true;
    if (current?.message.complete && !current.isAnswered) {
      const wholeSinceMs = current.wholeSinceMs ?? performance.now();
      halfClosed(socket, performance.now() - Math.max(wholeSinceMs, this.lastReadMs));
    }
    this.feed();
  };

  /** All that came has been parsed: the request under way is the last. Of a connection without one node:http takes care. */
  private ended(): void {
    const { current, socket } = this;
    this.hasEnded = false;
    if (this.isOver) return;
    this.finish();
    if (current === null || current.isAnswered) return;
    if (!current.message.complete) socket.destroySoon();
    else if (!current.response.headersSent) current.response.shouldKeepAlive = false;
  }

  private drop(): void {
    this.held = [];
    this.heldBytes = 0;
  }
}

/** How many of `bytes` may be parsed at once. `before`: what was parsed last. */
function endOf(bytes: Buffer, before: Buffer): number {
  const seam = Buffer.concat([before, bytes.subarray(0, END.length - 1)]).indexOf(END);
  if (seam !== -1) return seam + END.length - before.length;
  const at = bytes.indexOf(END);
  return at === -1 ? bytes.length : at + END.length;
}
