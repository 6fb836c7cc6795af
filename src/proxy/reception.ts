/**
 * Those who ring at a doorbell: each is held until its instance is ready, then joined to the instance's socket,
 * byte for byte. Whoever cannot be served gets the answer that the proxy would give.
 */
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { ConnectionCap } from '../connection-cap.ts';
import type { RoomLimits } from '../core/connection-room.ts';
import type { InstanceName } from '../core/instance.ts';
import type { Claim, Lease, Refusal, UpstreamSource } from '../core/serving.ts';
import type { TurnedAway } from '../core/turned-away.ts';
import { confine, fault } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { requestOf } from './client.ts';
import { answerError, tooMany } from './error-page.ts';
import { joinUpstream } from './junction.ts';
import { nextRequestId } from './request-id.ts';

/** Of what a client sends while it is held; the rest stays in the kernel's buffers. */
const HELD_BYTES = 64 * 1024;
/** Who is refused has this long to say what it wanted: an answer before that could be lost. */
const REFUSAL_TIMEOUT_MS = 10_000;
/** Turns of the event loop in which all that a client had sent before it left, and that it left, is read. */
const TURNS_TO_LEAVE = 3;
/** A process that died between its claim and the connection: the supervisor learns of it within 2 s, however busy. */
const NEXT_TRY_MS = 25;
const MAX_TRIES = 80;

export interface ReceptionOptions {
  readonly source: Pick<UpstreamSource, 'claim'>;
  /** Connections that may be open, in all and of one instance, until their clients end them. */
  readonly limits: RoomLimits;
  readonly turnedAway: TurnedAway;
  readonly logger: Logger;
}

/**
 * Takes a connection that was accepted, paused and unread, and sees it through to its end. `inherited`: another listener
 * did not take it in, so its client may have left since; one that has wakes nobody.
 */
export type Reception = (instance: InstanceName, socket: Socket, inherited: boolean) => void;

export function createReception({ source, limits, turnedAway, logger }: ReceptionOptions): Reception {
  const refusals = new WeakMap<Socket, Refusal>();
  const cap = new ConnectionCap({ listener: 'public-sockets', limits, turnedAway, logger, answer: tooMany });
  const refuser = createRefuser(refusals);
  return (instance, socket, inherited) => {
    confine(socket, logger, { instance });
    // Nobody can tell whether one that was joined is idle: its bytes are not looked at.
    if (!cap.admit(socket, instance, () => 0)) return;
    const visitor = new Visitor(socket);
    const refuse = (refusal: Refusal) => {
      refusals.set(socket, refusal);
      visitor.handOver(refuser);
    };
    receive(instance, visitor, source, inherited).then(
      (outcome) => void (outcome !== 'joined' && outcome !== 'left' && refuse(outcome)),
      (error: unknown) => {
        fault(logger, error, { instance });
        socket.destroy();
      },
    );
  };
}

async function receive(
  instance: InstanceName,
  visitor: Visitor,
  source: Pick<UpstreamSource, 'claim'>,
  inherited: boolean,
): Promise<'joined' | 'left' | Refusal> {
  for (let turns = 0; inherited && turns < TURNS_TO_LEAVE; turns += 1) await turn();
  if (visitor.hasLeft) return 'left';
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const claim: Claim = await source.claim(instance, visitor.left);
    if (visitor.hasLeft) {
      if ('release' in claim) claim.release();
      return 'left';
    }
    if ('refused' in claim) return claim;
    if (await joined(visitor, claim)) return 'joined';
    claim.release();
    if (visitor.hasLeft) return 'left';
    await new Promise((resolve) => setTimeout(resolve, NEXT_TRY_MS));
  }
  return { refused: 'upstream_failed', retryAfterS: null };
}

/** A lease is given back whatever happens. */
async function joined(visitor: Visitor, lease: Lease): Promise<boolean> {
  try {
    return await visitor.join(lease);
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** A client that waits. One that half-closes counts as one that left, as it does for most tenants. */
class Visitor {
  private readonly socket: Socket;
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
    this.socket.destroy();
  };

  constructor(socket: Socket) {
    this.socket = socket;
    // A reset is told by `close` too.
    socket.on('error', () => {});
    socket.on('data', this.keep).once('end', this.leave).once('close', this.leave).resume();
  }

  /** Aborts when it leaves. */
  get left(): AbortSignal {
    return this.leaving.signal;
  }

  get hasLeft(): boolean {
    return this.leaving.signal.aborted;
  }

  /** Settles with whether it was joined; if not, it still waits, and nothing of it was sent. */
  join(lease: Lease): Promise<boolean> {
    return joinUpstream(this.socket, lease, () => this.letGo());
  }

  /** Lets an HTTP server read it from its first byte on. */
  handOver(server: Server): void {
    const held = Buffer.concat(this.letGo());
    if (held.length > 0) this.socket.unshift(held);
    server.emit('connection', this.socket);
    this.socket.resume();
  }

  /** Reads it no more, and returns what was read. */
  private letGo(): Buffer[] {
    this.socket.pause();
    this.socket.off('data', this.keep).off('end', this.leave).off('close', this.leave);
    return this.held;
  }
}

/** Never listens: it is handed connections, and answers whatever is asked with why it cannot be. */
function createRefuser(refusals: WeakMap<Socket, Refusal>): Server {
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
