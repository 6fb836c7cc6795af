/** A listener that takes connections in, paused and unread, for whoever is to serve them. */
import { Server, type Socket } from 'node:net';
import { after } from '../storage/after.ts';

/**
 * Who connected before the path was another's may still wait to be taken in: libuv accepts one connection a turn of the
 * event loop, so when none came in for so long there is none.
 */
const QUIET_MS = 100;

export class Intake {
  readonly server: Server;
  private tookLately = true;

  constructor(onConnection: (socket: Socket) => void) {
    this.server = new Server({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      this.tookLately = true;
      onConnection(socket);
    });
  }

  /** Nobody new can find it: takes in those who did. `onClosed`: all of them have been seen through, too. */
  closeWhenQuiet(onClosed?: () => void): void {
    this.tookLately = false;
    after(QUIET_MS, () => {
      if (this.tookLately) this.closeWhenQuiet(onClosed);
      else this.server.close(onClosed);
    });
  }
}
