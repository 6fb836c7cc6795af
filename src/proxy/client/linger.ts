/**
 * The end of a connection whose client has its answer and still sends. Closed with bytes unread it would be reset, and
 * what the client has not received of the answer be lost (RFC 9112, section 9.6).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { inside } from '../../faults.ts';
import { feedOf } from './request-feed.ts';

/** As nginx's `lingering_time`. */
const LINGER_MS = 30_000;
/** Without a byte from the client. As nginx's `lingering_timeout`. */
const LINGER_IDLE_MS = 5_000;

/** Ends our half; what comes is to be read and thrown away by whoever reads it. Closed when the client closes its half. */
export function linger(socket: Socket): void {
  if (!socket.writable) return;
  socket.end();
  const timer = setTimeout(
    inside(socket, () => socket.destroy()),
    LINGER_MS,
  ).unref();
  socket.once('close', () => clearTimeout(timer)).setTimeout(LINGER_IDLE_MS, () => socket.destroy());
}

/** node:http closes the connection by `destroySoon` as soon as its last answer is written. It has no option for it. */
export function lingerUnderNode(message: IncomingMessage, response: ServerResponse): void {
  const { socket } = message;
  response.prependListener('finish', () => {
    if (message.complete && feedOf(socket)?.holds !== true) return;
    message.resume();
    const { destroySoon } = socket;
    socket.destroySoon = () => linger(socket);
    queueMicrotask(() => {
      socket.destroySoon = destroySoon;
    });
  });
}
