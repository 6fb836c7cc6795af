/**
 * Ends a connection whose client has its response, and still sends. Closing it with unread bytes would reset it, and
 * lose the part of the response that the client has not received (RFC 9112, section 9.6).
 */
import type { Socket } from 'node:net';
import { inside } from '../../faults.ts';

/** Like nginx's `lingering_time`. */
const LINGER_MS = 30_000;
/** Time without a byte from the client, like nginx's `lingering_timeout`. */
const LINGER_IDLE_MS = 5_000;

/** Ends our half. The connection's reader must discard further input. Closes when the client closes its half. */
export function linger(socket: Socket): void {
  if (!socket.writable) return;
  socket.end();
  const timer = setTimeout(
    inside(socket, () => socket.destroy()),
    LINGER_MS,
  ).unref();
  socket.once('close', () => clearTimeout(timer)).setTimeout(LINGER_IDLE_MS, () => socket.destroy());
}
