/** Accepts the connections that have waited at a listening socket of an earlier server, which the service manager kept. */
import type { Socket } from 'node:net';
import { Intake } from './intake.ts';

export class KeptBacklog {
  private readonly intake: Intake;

  /** @param fd closed at the end @param onConnection gets each connection, paused and unread */
  constructor(fd: number, onConnection: (socket: Socket) => void) {
    this.intake = new Intake(onConnection);
    this.intake.server.on('error', () => this.close());
    this.intake.server.listen({ fd });
    this.intake.server.unref();
  }

  /** Clients find another socket at its path now: closes when its queue is empty. */
  finish(): void {
    this.intake.closeWhenQuiet();
  }

  close(): void {
    if (this.intake.server.listening) this.intake.server.close();
  }
}
