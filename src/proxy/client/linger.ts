/**
 * Ends a connection whose client has its response, and still sends. Closing it with unread bytes would reset it, and
 * lose the part of the response that the client has not received (RFC 9112, section 9.6).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { inside } from '../../faults.ts';
import { feedOf } from './request-feed.ts';

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

/**
 * Makes node:http linger, which otherwise calls `destroySoon` as soon as its last response is written. There is no
 * option for this.
 */
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
