/** How much a proxy in this process buffers. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** The most that one connection may buffer on each side: a read, and what was written until the stream said stop. */
export const SIDE_BYTES = 192 * 1024;

/** Watches every socket that is created or accepted meanwhile, except for the test's own ends. */
export class Buffered {
  private readonly sockets = new Set<Socket>();
  private readonly isOwn: (socket: Socket) => boolean;
  private readonly add = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  };

  /** @param isOwn whether a socket is the test's own: a client's, or a tenant's. Called when bytes are counted. */
  constructor(isOwn: (socket: Socket) => boolean) {
    this.isOwn = isOwn;
    subscribe('net.server.socket', this.add);
    subscribe('net.client.socket', this.add);
  }

  /** Bytes that were read and not passed on, or written and not taken by the system; the greatest of all sockets. */
  get most(): number {
    const held = [...this.sockets].filter((socket) => !this.isOwn(socket));
    return Math.max(0, ...held.map((socket) => socket.writableLength + socket.readableLength));
  }

  stop(): void {
    unsubscribe('net.server.socket', this.add);
    unsubscribe('net.client.socket', this.add);
  }
}
