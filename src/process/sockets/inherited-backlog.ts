/** Takes in those who connected to the socket of a process that has ended, as an activation socket takes in who rings. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { OnRing } from './activation-socket.ts';
import { Intake } from './intake.ts';

/**
 * Of one process. Its socket may have as many connections waiting as its backlog holds, and the tenant could have made
 * them all itself.
 */
const MAX_TAKEN_IN = 512;

export interface InheritedBacklogOptions {
  readonly instance: InstanceName;
  /** Of the socket; it is closed at the end. */
  readonly fd: number;
  readonly onRing: OnRing;
  onEnd(): void;
}

export class InheritedBacklog {
  private readonly intake: Intake;
  private takenIn = 0;

  constructor({ instance, fd, onRing, onEnd }: InheritedBacklogOptions) {
    this.intake = new Intake((socket) => {
      this.takenIn += 1;
      if (this.takenIn === MAX_TAKEN_IN) this.close();
      onRing(instance, socket, true);
    });
    const { server } = this.intake;
    server.on('error', () => (server.listening ? this.close() : onEnd())).once('close', onEnd);
    server.listen({ fd });
    server.unref();
    this.intake.closeWhenQuiet();
  }

  close(): void {
    if (this.intake.server.listening) this.intake.server.close();
  }
}
