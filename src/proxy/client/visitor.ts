/** A client that has rung and waits, and the server that tells it why it cannot be let in. */
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Refusal } from '../../core/admission/serving.ts';
import { answerError } from '../exchange/error-page.ts';
import { nextRequestId } from '../routing/request-id.ts';
import { requestOf } from './client.ts';

/** Of what a client sends while it is held; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;
/** Who is refused has this long to say what it wanted: an answer before that could be lost. */
const REFUSAL_TIMEOUT_MS = 10_000;

/** One that half-closes counts as one that left, as it does for most tenants. */
export class Visitor {
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
    // One that was joined before may not have taken the last of its answer.
    this.socket.destroySoon();
  };

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', this.keep).once('end', this.leave).once('close', this.leave).resume();
  }

  /** Aborts when it leaves. */
  get left(): AbortSignal {
    return this.leaving.signal;
  }

  get hasLeft(): boolean {
    return this.leaving.signal.aborted;
  }

  /** Lets an HTTP server read it from its first byte on. */
  handOver(server: Server): void {
    const held = Buffer.concat(this.letGo());
    if (held.length > 0) this.socket.unshift(held);
    server.emit('connection', this.socket);
    this.socket.resume();
  }

  /** Reads it no more, and returns what was read. */
  letGo(): Buffer[] {
    this.socket.pause();
    this.socket.off('data', this.keep).off('end', this.leave).off('close', this.leave);
    return this.held;
  }
}

/** Never listens: it is handed connections, and answers whatever is asked with why it cannot be. */
export function createRefuser(refusals: WeakMap<Socket, Refusal>): Server {
  const server = createServer({ requireHostHeader: false, shouldUpgradeCallback: () => false }, (request, response) => {
    const refusal = refusals.get(request.socket);
    // Requests pipelined behind the first, which was the last that is answered.
    if (refusal === undefined) return;
    refusals.delete(request.socket);
    response.shouldKeepAlive = false;
    const { refused, retryAfterS } = refusal;
    answerError(requestOf(request), response, refused, { requestId: nextRequestId(), retryAfterS });
  });
  server.on('connection', (socket: Socket) => socket.setTimeout(REFUSAL_TIMEOUT_MS, () => socket.destroy()));
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}
