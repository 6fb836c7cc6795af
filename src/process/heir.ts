/** Takes in those who connected to the socket of a process that has ended, as a doorbell takes in who rings. */
import { Server } from 'node:net';
import type { InstanceName } from '../core/instance.ts';
import type { OnRing } from './doorbell.ts';

/**
 * Of one process. Its socket may have as many connections waiting as its backlog holds, and the tenant could have made
 * them all itself.
 */
const MAX_TAKEN_IN = 512;
/** Who connected just before the public path was another's: libuv takes in one a turn of the event loop. */
const LAST_MS = 100;

export interface HeirOptions {
  readonly instance: InstanceName;
  /** Of the socket; it is closed at the end. */
  readonly fd: number;
  readonly onRing: OnRing;
  onEnd(): void;
}

export class Heir {
  private readonly server: Server;
  private takenIn = 0;
  private tookLately = true;

  constructor({ instance, fd, onRing, onEnd }: HeirOptions) {
    this.server = new Server({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      this.takenIn += 1;
      this.tookLately = true;
      if (this.takenIn === MAX_TAKEN_IN) this.close();
      onRing(instance, socket, true);
    });
    this.server.on('error', () => (this.server.listening ? this.close() : onEnd())).once('close', onEnd);
    this.server.listen({ fd });
    this.server.unref();
    this.endWhenQuiet();
  }

  close(): void {
    if (this.server.listening) this.server.close();
  }

  private endWhenQuiet(): void {
    if (!this.tookLately) return this.close();
    this.tookLately = false;
    setTimeout(() => this.endWhenQuiet(), LAST_MS).unref();
  }
}
