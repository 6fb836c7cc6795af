/** One connection to a tenant, with one request at a time. Its response is passed on as it arrives. */
import { connect, type Socket } from 'node:net';
import type { Upstream } from '../../core/ports.ts';
import { confine, fault } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import { type Transfer, transferBudget } from '../exchange/transfer-budget.ts';
import { type ResponseHead, ResponseReader, type ResponseSink } from './response-reader.ts';
import { connectOptions } from './upstream-address.ts';
import type { SendOptions, UpstreamHandler } from './upstream-handler.ts';

const BUFFER_BYTES = 64 * 1024;
/** Shared buffer for reads: its content is passed on or copied before the next read. */
const SHARED_BUFFER = Buffer.allocUnsafeSlow(BUFFER_BYTES);

export interface UpstreamConnectionOwner {
  /** The response is complete, and the connection can take another request. */
  onFree(connection: UpstreamConnection): void;
  onGone(connection: UpstreamConnection): void;
}

export class UpstreamConnection implements ResponseSink, Transfer {
  /** When it became free, in ms of performance.now(). */
  freeSinceMs = 0;
  private readonly socket: Socket;
  private readonly owner: UpstreamConnectionOwner;
  private readonly logger: Logger;
  private readonly reader: ResponseReader;
  private handler: UpstreamHandler | null = null;
  private connected = false;
  /** Checks the time-out. Most requests end long before, so the timer is neither moved nor recreated for each one. */
  private timer: NodeJS.Timeout | null = null;
  private timeoutMs = 0;
  /** When the time-out of the current request began, in ms of performance.now(). */
  private waitingSinceMs = 0;
  private unanswered = false;
  /** Whether anything has arrived since the request was sent. */
  private heard = false;
  /** Whether the whole request has been written. */
  private written = true;
  /**
   * A read that fills the shared buffer has more to follow. It gets its own buffer, whose bytes are passed on without a
   * copy.
   */
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
   * Sends a request.
   * @param head request line, header fields and the empty line, as latin1
   * @param isWhole whether no body follows
   * @param timeoutMs time until the response begins; 0: unlimited
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

  /** Restarts the time-out. */
  postpone(): void {
    if (this.timeoutMs === 0) return;
    this.waitingSinceMs = performance.now();
    this.timer ??= setTimeout(timeOut, this.timeoutMs, this).unref();
  }

  /** Writes a part of the body. Returns whether there is room for more; if not, `onDrain` tells when there is again. */
  write(bytes: Buffer | string): boolean {
    return this.socket.write(bytes, 'latin1');
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  /** Ends the body. */
  finish(): void {
    this.written = true;
    if (this.handler === null) this.settle();
  }

  /** Stops reading, because the receiver of the response has no room for more. */
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

  proceed(): void {
    this.isHeld = false;
    if (!this.isPaused) this.socket.resume();
  }

  /** Closes the connection; its handler gets no further call. */
  destroy(): void {
    this.handler = null;
    this.socket.destroy();
  }

  /** Whether the bytes read are in memory of this connection's own, which stays unchanged while they are kept. */
  get ownsBuffer(): boolean {
    return this.buffer !== SHARED_BUFFER;
  }

  /** Moves the next read to another buffer, because the last read is still needed. */
  keepBuffer(): void {
    if (!this.bufferChanged) this.readInto(Buffer.allocUnsafeSlow(BUFFER_BYTES));
  }

  private readInto(buffer: Buffer): void {
    if (buffer === this.buffer) return;
    this.buffer = buffer;
    this.bufferChanged = true;
  }

  /** Called at first and after each read. A result that is no buffer means that the buffer stays the same. */
  private nextBuffer(): Buffer {
    const { buffer, bufferChanged } = this;
    this.bufferChanged = false;
    return bufferChanged ? buffer : (undefined as unknown as Buffer);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Called by the timer, and again with `isSure` when everything that had arrived by then has been read. */
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
    // Timers run first: if this process was delayed, a response may already have been waiting.
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
    else this.readOn(length);
    return true;
  }

  /** Prepares the next read, because the response is not complete. @param length size of the last read */
  private readOn(length: number): void {
    if (length === BUFFER_BYTES && !this.ownsBuffer) this.readInto(Buffer.allocUnsafeSlow(BUFFER_BYTES));
    transferBudget.spend(length, this);
  }

  // ---- Calls of the reader -------------------------------------------------------------------

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
    // The response came before the end of the upload, so nothing can follow on this connection.
    if (this.written) this.settle();
    else this.socket.destroy();
  }

  private settle(): void {
    if (!this.reader.isReusable) return void this.socket.destroy();
    // Not during the read: unsolicited data may have arrived with it.
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

  /** Handles the end of the connection; may be called repeatedly. */
  closed(): void {
    this.stopTimer();
    this.owner.onGone(this);
    this.fail(this.failure ?? new Error('the connection was closed'));
  }
}

/** One function for all timers, instead of a closure for each. */
function timeOut(connection: UpstreamConnection, isSure = false): void {
  connection.onTimer(isSure);
}
