/** What a proxy in this process holds in memory of what it passes on. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** What one connection may have waiting on each of its sides: a read, and what was written until the stream said stop. */
export const SIDE_BYTES = 192 * 1024;

/** Of every socket that is made or accepted while it watches, except for the ends that the test holds itself. */
export class Buffered {
  private readonly sockets = new Set<Socket>();
  private readonly isOwn: (socket: Socket) => boolean;
  private readonly add = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  };

  /** @param isOwn whether it is an end of the test's: a client's, or a tenant's. Asked when bytes are counted. */
  constructor(isOwn: (socket: Socket) => boolean) {
    this.isOwn = isOwn;
    subscribe('net.server.socket', this.add);
    subscribe('net.client.socket', this.add);
  }

  /** Bytes that were read and not passed on, or written and not taken by the system; per socket, the most. */
  get most(): number {
    const held = [...this.sockets].filter((socket) => !this.isOwn(socket));
    return Math.max(0, ...held.map((socket) => socket.writableLength + socket.readableLength));
  }

  stop(): void {
    unsubscribe('net.server.socket', this.add);
    unsubscribe('net.client.socket', this.add);
  }
}
