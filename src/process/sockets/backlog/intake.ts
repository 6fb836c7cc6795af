/** A listener that accepts connections, paused and unread, and passes them on. */
import { Server, type Socket } from 'node:net';
import { after } from '../../../node/after.ts';

/**
 * How long no connection must have come before the backlog counts as empty. libuv accepts one connection in each turn
 * of the event loop.
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

  /**
   * Closes once the backlog is empty. New clients cannot find the listener any more. `onClosed`: all its connections
   * are closed.
   */
  closeWhenQuiet(onClosed?: () => void): void {
    this.tookLately = false;
    after(QUIET_MS, () => {
      if (this.tookLately) this.closeWhenQuiet(onClosed);
      else this.server.close(onClosed);
    });
  }
}
