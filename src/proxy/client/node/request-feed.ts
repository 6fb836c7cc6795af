/**
 * Passes a connection's requests to node:http one at a time. By itself node:http parses everything that has arrived,
 * and emits 'request' for each request at once, so that one client could hold thousands of upstream connections. Bytes
 * behind the current request are not parsed; they wait here, and beyond a limit in the kernel. |
 * A refusal ends the feed. Once the connection is to be closed (`shouldKeepAlive` of the response is false, or the
 * socket has been ended), or after `stop()`, nothing read behind the refused request is ever parsed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Traffic } from '../../../core/usage/traffic.ts';
import { hasBody } from '../../routing/headers.ts';
import { AsciiTarget } from './ascii-target.ts';
import { halfClosed } from './half-close.ts';

/** How much is buffered of what a client sends before its response; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;
/** Cost of each read beside its bytes, so that many small reads cannot take more memory than a few large ones. */
const READ_OVERHEAD_BYTES = 512;
/** The end of every head, and of every chunked body. */
const END = Buffer.from('\r\n\r\n');

const feeds = new WeakMap<Socket, RequestFeed>();

/** Returns the feed of a connection that node:http reads. */
export function feedOf(socket: Socket): RequestFeed | undefined {
  return feeds.get(socket);
}

interface UnderWay {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** When its last byte was read, in ms of performance.now(); null before that. */
  wholeSinceMs: number | null;
  isAnswered: boolean;
}

export class RequestFeed {
  private readonly socket: Socket;
  /** node:http's own listeners for the socket's data and end. */
  private readonly parse: (bytes: Buffer) => void;
  private readonly finish: () => void;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private current: UnderWay | null = null;
  private readonly target = new AsciiTarget();
  /** Where the bytes of the current request count; null: nowhere yet. */
  private traffic: Traffic | null = null;
  /** Bytes of the current request that count nowhere yet. */
  uncounted = 0;
  /** Bytes left of a body with a length. */
  private bodyBytesLeft = 0;
  /** The last parsed bytes: the end of a head may be split. */
  private tail: Buffer = Buffer.alloc(0);
  private lastReadMs = performance.now();
  /** When the last response ended, or the feed began. */
  private quietSinceMs = performance.now();
  private isFull = false;
  private hasEnded = false;
  private isOver = false;

  /**
   * Makes node:http read the paused socket, beginning with `bytes`, which were read before. @param attach registers
   * node:http's listeners
   */
  constructor(socket: Socket, bytes: Buffer, attach: () => void) {
    this.socket = socket;
    const before = socket.listeners('end');
    attach();
    [this.parse] = socket.listeners('data') as [(bytes: Buffer) => void];
    [this.finish] = socket.listeners('end').filter((listener) => !before.includes(listener)) as [() => void];
    feeds.set(socket, this);
    // In this order, because a socket without a data listener is not read at all.
    socket.on('data', this.onData).off('data', this.parse);
    socket.off('end', this.finish).on('end', this.onEnd).on('drain', this.onDrain);
    this.onData(bytes);
    if (!this.isFull) socket.resume();
  }

  /** Notes a parsed head that will be answered. */
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

  /** Counts the bytes of the current request. */
  countFor(traffic: Traffic): void {
    traffic.ingressBytes += this.uncounted;
    this.uncounted = 0;
    this.traffic = traffic;
  }

  /** Whether anything was read behind the current request. */
  get holds(): boolean {
    return this.held.length > 0;
  }

  /**
   * Returns how long no request has been under way, in ms; 0 while one is, or when node:http no longer reads the
   * connection.
   */
  idleMs(nowMs: number): number {
    const { current } = this;
    const isBusy = this.isOver || (current !== null && !(current.isAnswered && current.message.complete));
    return isBusy ? 0 : nowMs - this.quietSinceMs;
  }

  /** Stops parsing. Further input is read and discarded, so that the client's end is noticed. */
  stop(): void {
    this.isOver = true;
    this.drop();
  }

  /** Gives up the socket to another reader; returns what was read behind the last request. */
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
    while (this.held.length > 0 && this.mayParse()) this.parse(this.target.encode(this.counted(this.next())));
    if (this.hasEnded && this.held.length === 0) this.ended();
    this.setFull(this.heldBytes >= HELD_BYTES);
  }

  private counted(part: Buffer): Buffer {
    if (this.traffic === null) this.uncounted += part.length;
    else this.traffic.ingressBytes += part.length;
    return part;
  }

  private setFull(isFull: boolean): void {
    if (isFull) this.socket.pause();
    else if (this.isFull) {
      // Whatever the client sent meanwhile, perhaps its end, is read only now.
      this.lastReadMs = performance.now();
      this.socket.resume();
    }
    this.isFull = isFull;
  }

  /** Whether the rest of the current body, or the next request, may be parsed. */
  private mayParse(): boolean {
    const { current, socket } = this;
    if (current !== null) {
      if (!current.message.complete) return true;
      if (!current.isAnswered) return false;
      this.current = null;
      this.traffic = null;
      this.uncounted = 0;
      this.target.begin();
    }
    // The connection is closing, so nothing could be answered.
    if (!socket.writable) this.stop();
    // No further requests are read from a client that does not accept its responses.
    return !this.isOver && !socket.writableNeedDrain;
  }

  /** Takes off a part that ends at most one message, and begins no other. */
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

  /**
   * Everything received has been parsed, so the current request is the last. Without one, node:http handles the end.
   */
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

/** Returns how many of `bytes` may be parsed at once. @param before the last parsed bytes */
function endOf(bytes: Buffer, before: Buffer): number {
  const seam = Buffer.concat([before, bytes.subarray(0, END.length - 1)]).indexOf(END);
  if (seam !== -1) return seam + END.length - before.length;
  const at = bytes.indexOf(END);
  return at === -1 ? bytes.length : at + END.length;
}
