/** Bounds the connections of one API listener, so that idle or forgotten ones exclude nobody. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionCap, clientOfSocket } from '../../connection-cap.ts';
import type { ConnectionLimits } from '../../core/admission/connection-limiter.ts';
import type { TurnedAway } from '../../core/admission/turned-away.ts';
import { confine, confineWith } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import { rawAtCapacity } from '../problem.ts';

export interface ConnectionLimitOptions {
  /** Name of the listener in the log. */
  readonly listener: 'api' | 'control-socket';
  readonly limits: ConnectionLimits;
  readonly turnedAway: TurnedAway;
  /** Whether an address stands for many clients. */
  isExempt(peer: string): boolean;
}

/** Usage of one connection. */
interface ConnectionUsage {
  underWay: number;
  /** In ms of performance.now(). */
  quietSinceMs: number;
}

/** Passes a connection to the server's own reader only after admitting it. */
export function limitConnections(server: Server, options: ConnectionLimitOptions, logger: Logger): void {
  const uses = new WeakMap<Socket, ConnectionUsage>();
  const cap = new ConnectionCap({ ...options, logger, answer: rawAtCapacity });
  const readers = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    confine(socket, logger, { listener: options.listener });
    const use: ConnectionUsage = { underWay: 0, quietSinceMs: performance.now() };
    uses.set(socket, use);
    const idleMs = (nowMs: number) => (use.underWay > 0 ? 0 : nowMs - use.quietSinceMs);
    const client = options.listener === 'api' ? clientOfSocket(socket, options.isExempt) : null;
    if (cap.admit(socket, client, idleMs)) for (const read of readers) read.call(server, socket);
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    confineWith(request.socket, response);
    const use = uses.get(request.socket);
    if (use === undefined) return;
    use.underWay += 1;
    response.once('close', () => {
      use.underWay -= 1;
      use.quietSinceMs = performance.now();
    });
  });
}
