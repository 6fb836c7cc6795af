/**
 * What becomes of a connection whose client has closed its sending half. One that left and one that waits for its
 * answer look the same here. Who closes in one breath with its request (`nc -N`, scripts that end what they write to)
 * is answered; who closes later left, as nginx and Go take it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hasBody } from './headers.ts';

/** From the last byte of a request to the end, as they are read. */
const ONE_BREATH_MS = 50;
/** One that takes no byte for so long left after all. */
const PATIENCE_MS = 2000;

/** `sinceRequestMs`: how long ago the last byte of the request that has no whole answer yet was read. */
export function halfClosed(socket: Socket, sinceRequestMs: number): void {
  if (sinceRequestMs > ONE_BREATH_MS) return socket.destroySoon();
  let before = taken(socket);
  const look = () => {
    const now = taken(socket);
    if (now === before) socket.destroy();
    before = now;
  };
  // What came meanwhile goes first: if this process was held up, an answer may have waited for it.
  const timer = setInterval(() => setImmediate(look), PATIENCE_MS).unref();
  socket.once('close', () => clearInterval(timer));
}

/** Bytes that the system has taken for it. */
function taken(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}

interface Pending {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** On the clock of performance.now(); null while nobody has read the last byte. */
  wholeSinceMs: number | null;
}

/** The last request that is not answered, of each connection that node:http reads. */
export class PendingRequests {
  private readonly last = new WeakMap<Socket, Pending>();

  began(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message;
    const pending: Pending = { message, response, wholeSinceMs: null };
    if (!hasBody(message.rawHeaders)) pending.wholeSinceMs = performance.now();
    else message.once('end', () => (pending.wholeSinceMs = performance.now()));
    this.last.set(socket, pending);
    response.once('close', () => this.last.get(socket) === pending && this.last.delete(socket));
  }

  /** Of one that waits for nothing node:http takes care. */
  onEnd(socket: Socket): void {
    const pending = this.last.get(socket);
    if (pending === undefined) return;
    const { message, response, wholeSinceMs } = pending;
    if (!message.complete) return socket.destroySoon();
    if (!response.headersSent) response.shouldKeepAlive = false;
    halfClosed(socket, wholeSinceMs === null ? 0 : performance.now() - wholeSinceMs);
  }
}
