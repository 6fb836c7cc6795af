/** A connection held at an activation socket, and the server that answers it when its instance cannot be served. */
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Refusal } from '../../core/admission/serving.ts';
import { answerError } from '../exchange/error-page.ts';
import { nextRequestId } from '../routing/request-id.ts';
import { requestOf } from './client.ts';

/** How much is buffered of what a held client sends; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;
/** How long a refused client may take to send its request; an earlier response could be lost. */
const REFUSAL_TIMEOUT_MS = 10_000;

/** A held connection. A client that half-closes counts as gone, as it does for most tenants. */
export class HeldConnection {
  readonly socket: Socket;
  private readonly leaving = new AbortController();
  private held: Buffer[] = [];
  private heldBytes = 0;
  private readonly keep = (bytes: Buffer) => {
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    if (this.heldBytes >= HELD_BYTES) this.socket.pause();
  };
  private readonly leave = () => {
    this.leaving.abort();
    // A client that was joined before may not have taken the end of its response.
    this.socket.destroySoon();
  };

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', this.keep).once('end', this.leave).once('close', this.leave).resume();
  }

  /** Aborts when the client leaves. */
  get left(): AbortSignal {
    return this.leaving.signal;
  }

  get hasLeft(): boolean {
    return this.leaving.signal.aborted;
  }

  /** Lets an HTTP server read the connection from its first byte on. */
  handOver(server: Server): void {
    const held = Buffer.concat(this.detach());
    if (held.length > 0) this.socket.unshift(held);
    server.emit('connection', this.socket);
    this.socket.resume();
  }

  /** Stops reading, and returns what was read. */
  detach(): Buffer[] {
    this.socket.pause();
    this.socket.off('data', this.keep).off('end', this.leave).off('close', this.leave);
    return this.held;
  }
}

/** Creates a server that never listens. It gets connections passed, and answers every request with its refusal. */
export function createRefusalServer(refusals: WeakMap<Socket, Refusal>): Server {
  const server = createServer({ requireHostHeader: false, shouldUpgradeCallback: () => false }, (request, response) => {
    const refusal = refusals.get(request.socket);
    // Further pipelined requests; only the first one is answered.
    if (refusal === undefined) return;
    refusals.delete(request.socket);
    response.shouldKeepAlive = false;
    const { refused, retryAfterS, rateLimit } = refusal;
    answerError(requestOf(request), response, refused, { requestId: nextRequestId(), retryAfterS, rateLimit });
  });
  server.on('connection', (socket: Socket) => socket.setTimeout(REFUSAL_TIMEOUT_MS, () => socket.destroy()));
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}
