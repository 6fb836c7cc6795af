/**
 * Serves the connections that activation sockets accept. A connection is held until its instance is ready, then spliced
 * to the instance's socket, byte for byte. When it cannot be served, its client gets the response that the proxy would
 * give.
 */
import type { Socket } from 'node:net';
import { ConnectionCap } from '../connection-cap.ts';
import type { ConnectionLimits } from '../core/admission/connection-limiter.ts';
import type { UpstreamSource } from '../core/admission/serving.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { confine } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { ActivationSessions } from './activation-sessions.ts';
import { HeldConnection } from './client/held-connection.ts';
import { tooMany } from './exchange/error-page.ts';

export interface ActivationHandlerOptions {
  readonly source: Pick<UpstreamSource, 'claim'>;
  /** Most open connections, in all and for each instance, until their clients close them. */
  readonly limits: ConnectionLimits;
  readonly turnedAway: TurnedAway;
  readonly logger: Logger;
}

export interface ActivationHandler {
  /**
   * Takes an accepted connection, paused and unread, and handles it to its end.
   * @param inherited whether it waited at another listener, so that its client may have left; such a client wakes no
   * instance
   */
  take(instance: InstanceName, socket: Socket, inherited: boolean): void;
  /** Moves connections to the next process, each after its response, because this process gets no further request. */
  retire(generation: number): void;
  /** Closes connections whose clients wait for nothing, now and in the future. */
  close(): void;
}

export function createActivationHandler(options: ActivationHandlerOptions): ActivationHandler {
  const { limits, turnedAway, logger } = options;
  const cap = new ConnectionCap({ listener: 'public-sockets', limits, turnedAway, logger, answer: tooMany });
  const sessions = new ActivationSessions(options);
  return {
    take: (instance, socket, inherited) => {
      confine(socket, logger, { instance });
      // Whether a spliced connection is idle is unknown, because its bytes are not interpreted.
      if (!cap.admit(socket, instance, () => 0)) return;
      // A reset also raises `close`.
      socket.on('error', () => {});
      sessions.serve(instance, new HeldConnection(socket), inherited);
    },
    retire: (generation) => sessions.retire(generation),
    close: () => sessions.close(),
  };
}
