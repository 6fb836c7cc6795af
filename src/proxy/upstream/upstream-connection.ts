/** One connection to a tenant: a request at a time, its response read as it comes. */
import { connect, type Socket } from 'node:net';
import type { Upstream } from '../../core/ports.ts';
import { confine, fault } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import { type Mover, turns } from '../exchange/turn.ts';
import { type ResponseHead, ResponseReader, type ResponseSink } from './response-reader.ts';
import { connectOptions } from './upstream-address.ts';
import type { SendOptions, UpstreamHandler } from './upstream-handler.ts';

const BUFFER_BYTES = 64 * 1024;
/** Where sockets read into: what is read is passed on or copied before the next read. */
const SHARED_BUFFER = Buffer.allocUnsafeSlow(BUFFER_BYTES);

export interface UpstreamConnectionOwner {
  /** Its response is whole and it can take another request. */
  onFree(connection: UpstreamConnection): void;
  onGone(connection: UpstreamConnection): void;
}

export class UpstreamConnection implements ResponseSink, Mover {
  /** When it became free, on the clock of performance.now(). */
  freeSinceMs = 0;
  private readonly socket: Socket;
  private readonly owner: UpstreamConnectionOwner;
  private readonly logger: Logger;
  private readonly reader: ResponseReader;
  private handler: UpstreamHandler | null = null;
  private connected = false;
  /** Looks when the time may be over. Most requests end long before: it is neither put off nor made anew for each. */
  private timer: NodeJS.Timeout | null = null;
  private timeoutMs = 0;
  /** When the time-out of the request that is under way began, on the clock of performance.now(). */
  private waitingSinceMs = 0;
  private unanswered = false;
  /** Whether something has come since the request was sent. */
  private heard = false;
  /** Whether all of the request has been written. */
  private written = true;
  /** One that fills the buffer has more to come: it gets a buffer to itself, from which bytes go on without a copy. */
  private buffer: Buffer = SHARED_BUFFER;
  private bufferChanged = true;
  private isPaused = false;
  /** Whether it waits for its turn. */
  private isHeld = false;
  private failure: (Error & { code?: string }) | null = null;

  constructor(upstream: Upstream, logger: Logger, owner: UpstreamConnectionOwner) {
    this.owner = owner;
    this.logger = logger;
    this.reader = new ResponseReader(this);
    const onread = { buffer: () => this.nextBuffer(), callback: (length: number) => this.took(length) };
    this.socket = connect({ ...connectOptions(upstream), onread, noDelay: true });
    confine(this.socket, logger);
    this.socket.once('connect', () => this.opened());
    this.socket.on('drain', () => this.handler?.onDrain());
    this.socket.once('error', (error) => {
      this.failure = error;
    });
    this.socket.once('end', () => this.eof());
    this.socket.once('close', () => this.closed());
  }

  /**
   * `head`: request line, headers and the empty line, latin1. `isWhole`: no body follows. `timeoutMs`: until the
   * answer begins; 0: none.
   */
  send(head: string, { isHead, isWhole, timeoutMs }: SendOptions, handler: UpstreamHandler): void {
    this.handler = handler;
    this.unanswered = true;
    this.heard = false;
    if (timeoutMs !== this.timeoutMs) this.stopTimer();
    this.timeoutMs = timeoutMs;
    this.postpone();
    this.written = isWhole;
    this.reader.begin(isHead);
    this.socket.write(head, 'latin1');
    // A Unix socket whose other end is closed takes nothing and says so at once.
    if (this.connected && this.socket.errored === null) handler.onSent();
  }

  /** The time-out begins anew. */
  postpone(): void {
    if (this.timeoutMs === 0) return;
    this.waitingSinceMs = performance.now();
    this.timer ??= setTimeout(timeOut, this.timeoutMs, this).unref();
  }

  /** A part of the body. Returns whether there is room for more now; `onDrain` tells when there is again. */
  write(bytes: Buffer | string): boolean {
    return this.socket.write(bytes, 'latin1');
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  /** The body is whole. */
  finish(): void {
    this.written = true;
    if (this.handler === null) this.settle();
  }

  /** What takes the answer has no room for more. */
  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (!this.isHeld) this.socket.resume();
  }

  hold(): void {
    this.isHeld = true;
    this.socket.pause();
  }

  letGo(): void {
    this.isHeld = false;
    if (!this.isPaused) this.socket.resume();
  }

  /** Drops it; its handler hears no more. */
  destroy(): void {
    this.handler = null;
    this.socket.destroy();
  }

  /** Whether what is read is in memory that nothing else is read into, as long as it is kept. */
  get ownsBuffer(): boolean {
    return this.buffer !== SHARED_BUFFER;
  }

  /** What was read last is still needed: the next goes elsewhere. */
  keepBuffer(): void {
    if (!this.bufferChanged) this.readInto(Buffer.allocUnsafeSlow(BUFFER_BYTES));
  }

  private readInto(buffer: Buffer): void {
    if (buffer === this.buffer) return;
    this.buffer = buffer;
    this.bufferChanged = true;
  }

  /** Asked at first and after each read; what is no buffer means that it is the same. */
  private nextBuffer(): Buffer {
    const { buffer, bufferChanged } = this;
    this.bufferChanged = false;
    return bufferChanged ? buffer : (undefined as unknown as Buffer);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Called by the timer, and once more (`isSure`) when what came until then has been read. */
  onTimer(isSure: boolean): void {
    try {
      this.timedOut(isSure);
    } catch (error) {
      fault(this.logger, error);
      this.fail(error as Error);
    }
  }

  private timedOut(isSure: boolean): void {
    if (isSure && this.timer !== null) return;
    this.timer = null;
    if (!this.unanswered || this.handler === null) return;
    const leftMs = this.waitingSinceMs + this.timeoutMs - performance.now();
    if (leftMs > 0) this.timer = setTimeout(timeOut, leftMs, this).unref();
    else if (isSure) this.handler.onTimeout();
    // Timers go first: if this process was held up, an answer may have waited for longer than it took.
    else setImmediate(timeOut, this, true);
  }

  private opened(): void {
    this.connected = true;
    this.handler?.onSent();
  }

  private took(length: number): boolean {
    try {
      return this.read(length);
    } catch (error) {
      fault(this.logger, error);
      this.fail(error as Error);
      return false;
    }
  }

  private read(length: number): boolean {
    this.heard = true;
    try {
      this.reader.push(this.buffer.subarray(0, length));
    } catch (error) {
      this.fail(error as Error);
    }
    if (this.handler !== null) this.handler.onTold();
    else if (this.written && !this.reader.isReusable) this.socket.destroy();
    if (this.handler === null) this.readInto(SHARED_BUFFER);
    else this.goOn(length);
    return true;
  }

  /** The answer is not whole yet. `length`: of what was read. */
  private goOn(length: number): void {
    if (length === BUFFER_BYTES && !this.ownsBuffer) this.readInto(Buffer.allocUnsafeSlow(BUFFER_BYTES));
    turns.spend(length, this);
  }

  // ---- What the reader tells -----------------------------------------------------------------

  onHead(head: ResponseHead): void {
    if (head.status >= 200) this.unanswered = false;
    this.handler?.onHead(head);
  }

  onBody(bytes: Buffer): void {
    this.handler?.onBody(bytes);
  }

  onEnd(trailers: string[]): void {
    const { handler } = this;
    this.handler = null;
    handler?.onEnd(trailers);
    // An answer to an upload that goes on: nothing can follow on this connection.
    if (this.written) this.settle();
    else this.socket.destroy();
  }

  private settle(): void {
    if (!this.reader.isReusable) return void this.socket.destroy();
    // Not within the read: more may have come with it, which nobody asked for.
    queueMicrotask(() => this.free());
  }

  private free(): void {
    if (this.socket.destroyed || !this.reader.isReusable) return void this.socket.destroy();
    this.owner.onFree(this);
  }

  private eof(): void {
    try {
      this.reader.eof();
    } catch (error) {
      this.fail(error as Error);
    }
    this.socket.destroy();
  }

  private fail(error: Error & { code?: string }): void {
    const { handler } = this;
    this.handler = null;
    this.socket.destroy();
    handler?.onError(error, this.heard);
  }

  get isClosed(): boolean {
    return this.socket.closed;
  }

  /** What its end means; more than once is as good as once. */
  closed(): void {
    this.stopTimer();
    this.owner.onGone(this);
    this.fail(this.failure ?? new Error('the connection was closed'));
  }
}

/** One function for all timers instead of a closure for each. */
function timeOut(connection: UpstreamConnection, isSure = false): void {
  connection.onTimer(isSure);
}
