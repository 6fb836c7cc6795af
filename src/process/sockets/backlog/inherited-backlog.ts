/** Accepts the connections that wait in the backlog of a process that has ended. Each activates the instance. */
import type { InstanceName } from '../../../core/lifecycle/instance.ts';
import type { OnActivation } from '../activation-socket.ts';
import { Intake } from './intake.ts';

/** Limit for each process. A backlog may be full, and the tenant may have made all of its connections itself. */
const MAX_ACCEPTED = 512;

export interface InheritedBacklogOptions {
  readonly instance: InstanceName;
  /** The listening socket; closed at the end. */
  readonly fd: number;
  readonly onActivation: OnActivation;
  onEnd(): void;
}

export class InheritedBacklog {
  private readonly intake: Intake;
  private accepted = 0;

  constructor({ instance, fd, onActivation, onEnd }: InheritedBacklogOptions) {
    this.intake = new Intake((socket) => {
      this.accepted += 1;
      if (this.accepted === MAX_ACCEPTED) this.close();
      onActivation(instance, socket, true);
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
