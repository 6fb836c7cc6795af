/**
 * Handles a connection whose client has closed its sending half. A client that left and one that waits for its response
 * look the same. A client that closes right after its request (`nc -N`, scripts that close what they write to) is
 * answered; one that closes later counts as gone, as in nginx and Go.
 */
import type { Socket } from 'node:net';
import { inside } from '../../../faults.ts';

/** Time from the last byte of a request to the end of the stream, as they are read. */
const ONE_BREATH_MS = 50;
/** A client that takes no byte for this time has left after all. */
const PATIENCE_MS = 2000;

/** @param sinceRequestMs time since the last byte of the request that is still unanswered was read */
export function halfClosed(socket: Socket, sinceRequestMs: number): void {
  if (sinceRequestMs > ONE_BREATH_MS) return socket.destroySoon();
  let before = taken(socket);
  const look = inside(socket, () => {
    const now = taken(socket);
    if (now === before) socket.destroy();
    before = now;
  });
  // Pending input is handled first: if this process was delayed, a response may already have been waiting.
  const timer = setInterval(() => setImmediate(look), PATIENCE_MS).unref();
  socket.once('close', () => clearInterval(timer));
}

/** Returns how many bytes the system has taken. */
function taken(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}
