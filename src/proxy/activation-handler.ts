/**
 * Serves the connections that activation sockets accept. A connection is held until its instance is ready, then spliced to
 * the instance's socket, byte for byte. When it cannot be served, its client gets the answer that the proxy would give.
 */
import type { Socket } from 'node:net';
import { ConnectionCap } from '../connection-cap.ts';
import type { RoomLimits } from '../core/admission/connection-room.ts';
import type { UpstreamSource } from '../core/admission/serving.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { confine } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { ActivationSessions } from './activation-sessions.ts';
import { Visitor } from './client/visitor.ts';
import { tooMany } from './exchange/error-page.ts';

export interface ActivationHandlerOptions {
  readonly source: Pick<UpstreamSource, 'claim'>;
  /** Connections that may be open, in all and of one instance, until their clients end them. */
  readonly limits: RoomLimits;
  readonly turnedAway: TurnedAway;
  readonly logger: Logger;
}

export interface ActivationHandler {
  /**
   * Takes a connection that was accepted, paused and unread, and sees it through to its end. `inherited`: another listener
   * did not take it in, so its client may have left since; one that has wakes nobody.
   */
  take(instance: InstanceName, socket: Socket, inherited: boolean): void;
  /** The process gets no further request: those who are joined to it go on with the next one, each after its answer. */
  retire(generation: number): void;
  /** Ends the connections of those who wait for nothing, now and from now on. */
  close(): void;
}

export function createActivationHandler(options: ActivationHandlerOptions): ActivationHandler {
  const { limits, turnedAway, logger } = options;
  const cap = new ConnectionCap({ listener: 'public-sockets', limits, turnedAway, logger, answer: tooMany });
  const sessions = new ActivationSessions(options);
  return {
    take: (instance, socket, inherited) => {
      confine(socket, logger, { instance });
      // Nobody can tell whether one that was joined is idle: its bytes are not looked at.
      if (!cap.admit(socket, instance, () => 0)) return;
      // A reset is told by `close` too.
      socket.on('error', () => {});
      sessions.serve(instance, new Visitor(socket), inherited);
    },
    retire: (generation) => sessions.retire(generation),
    close: () => sessions.close(),
  };
}
