/**
 * What becomes of a connection whose client has closed its sending half. One that left and one that waits for its
 * answer look the same here. Who closes in one breath with its request (`nc -N`, scripts that end what they write to)
 * is answered; who closes later left, as nginx and Go take it.
 */
import type { Socket } from 'node:net';
import { inside } from '../../faults.ts';

/** From the last byte of a request to the end, as they are read. */
const ONE_BREATH_MS = 50;
/** One that takes no byte for so long left after all. */
const PATIENCE_MS = 2000;

/** `sinceRequestMs`: how long ago the last byte of the request that has no whole answer yet was read. */
export function halfClosed(socket: Socket, sinceRequestMs: number): void {
  if (sinceRequestMs > ONE_BREATH_MS) return socket.destroySoon();
  let before = taken(socket);
  const look = inside(socket, () => {
    const now = taken(socket);
    if (now === before) socket.destroy();
    before = now;
  });
  // What came meanwhile goes first: if this process was held up, an answer may have waited for it.
  const timer = setInterval(() => setImmediate(look), PATIENCE_MS).unref();
  socket.once('close', () => clearInterval(timer));
}

/** Bytes that the system has taken for it. */
function taken(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}
