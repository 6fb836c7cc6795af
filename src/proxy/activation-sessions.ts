/**
 * The connections that an activation socket accepted. Each is held until its instance is ready, then spliced to the
 * instance's socket. When the process ends between two requests, the connection is parked and spliced to the next one.
 */
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Admission, Lease, Refusal, UpstreamSource } from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { fault } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { createRefusalServer, HeldConnection } from './client/held-connection.ts';
import { connectUpstream, Splice } from './tunnel/splice.ts';

/** Turns of the event loop in which everything that a departed client had sent, and its departure, is read. */
const TURNS_TO_LEAVE = 3;
/**
 * Delay between tries when the process has died after the claim. The supervisor notices that within 2 s, however busy
 * it is.
 */
const NEXT_TRY_MS = 25;
const MAX_TRIES = 80;
/** How long a connection may be parked without a request, like nginx's `keepalive_timeout` for an upstream. */
const PARKED_MS = 60_000;

export interface ActivationSessionsOptions {
  readonly source: Pick<UpstreamSource, 'claim'>;
  readonly logger: Logger;
  /** Takes a connection between two requests whose instance has a `proxied` public socket by now; false: it has none. */
  takeOver(instance: InstanceName, connection: HeldConnection): boolean;
}

export class ActivationSessions {
  private readonly source: ActivationSessionsOptions['source'];
  private readonly logger: Logger;
  private readonly takeOver: ActivationSessionsOptions['takeOver'];
  private readonly refusals = new WeakMap<Socket, Refusal>();
  private readonly refusalServer = createRefusalServer(this.refusals);
  /** Generation → functions that make its joined connections leave. */
  private readonly joined = new Map<number, Set<() => void>>();
  private readonly parked = new Set<Socket>();
  private isClosed = false;

  constructor({ source, logger, takeOver }: ActivationSessionsOptions) {
    this.source = source;
    this.logger = logger;
    this.takeOver = takeOver;
  }

  serve(instance: InstanceName, connection: HeldConnection, inherited: boolean): void {
    const { socket } = connection;
    const join = (lease: Lease) => this.join(instance, connection, lease);
    const takeOver = () => this.takeOver(instance, connection);
    receive(instance, connection, { source: this.source, join, takeOver }, inherited).then(
      (outcome) => void (outcome !== 'joined' && outcome !== 'left' && this.refuse(connection, outcome)),
      (error: unknown) => {
        fault(this.logger, error, { instance });
        socket.destroy();
      },
    );
  }

  private refuse(connection: HeldConnection, refusal: Refusal): void {
    this.refusals.set(connection.socket, refusal);
    connection.handOver(this.refusalServer);
  }

  /** Splices the connection. Resolves to false when it still waits, and none of its bytes were sent. */
  private async join(instance: InstanceName, connection: HeldConnection, lease: Lease): Promise<boolean> {
    let splice: Splice | null = null;
    let isRetired = false;
    const leave = () => {
      isRetired = true;
      splice?.leave();
    };
    const forget = this.note(lease.generation, leave);
    const upstream = await connectUpstream(lease.upstream, connection.socket).catch((error: unknown) => {
      forget();
      throw error;
    });
    if (upstream === null) {
      forget();
      return false;
    }
    splice = new Splice({
      client: connection.socket,
      upstream,
      lease,
      held: connection.detach(),
      claimAgain: () => this.claimAgain(lease),
      onParted: () => this.park(instance, connection.socket),
      onOver: forget,
    });
    if (isRetired) splice.leave();
    return true;
  }

  /** Claims the same process again, in the same step or not at all. */
  private claimAgain({ instance, generation }: Lease): Lease | null {
    const gone = new AbortController();
    const claim = this.source.claim(instance, gone.signal);
    if (claim instanceof Promise) gone.abort();
    else if ('release' in claim && claim.generation === generation) return claim;
    else if ('release' in claim) claim.release();
    return null;
  }

  private note(generation: number, leave: () => void): () => void {
    const all = this.joined.get(generation) ?? new Set();
    this.joined.set(generation, all.add(leave));
    return () => {
      all.delete(leave);
      if (all.size === 0) this.joined.delete(generation);
    };
  }

  /** Waits for the next request, which may take long. */
  private park(instance: InstanceName, socket: Socket): void {
    if (this.isClosed) return void socket.destroySoon();
    const connection = new HeldConnection(socket);
    const onIdle = () => void socket.destroySoon();
    const unpark = () => this.parked.delete(socket);
    this.parked.add(socket);
    socket.setTimeout(PARKED_MS, onIdle).once('close', unpark);
    socket.once('data', () => {
      unpark();
      socket.setTimeout(0, onIdle).off('close', unpark);
      if (!this.takeOver(instance, connection)) this.serve(instance, connection, false);
    });
  }

  retire(generation: number): void {
    for (const leave of [...(this.joined.get(generation) ?? [])]) leave();
  }

  close(): void {
    this.isClosed = true;
    for (const socket of this.parked) socket.destroySoon();
  }
}

interface ReceiveDeps {
  readonly source: Pick<UpstreamSource, 'claim'>;
  /** As in `ActivationSessionsOptions`. */
  takeOver(): boolean;
  join(lease: Lease): Promise<boolean>;
}

async function receive(
  instance: InstanceName,
  connection: HeldConnection,
  { source, join, takeOver }: ReceiveDeps,
  inherited: boolean,
): Promise<'joined' | 'left' | Refusal> {
  for (let turns = 0; inherited && turns < TURNS_TO_LEAVE; turns += 1) await turn();
  if (connection.hasLeft) return 'left';
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const claim: Admission = await source.claim(instance, connection.left);
    if (connection.hasLeft) {
      if ('release' in claim) claim.release();
      return 'left';
    }
    if ('refused' in claim) return claim;
    // The config may have changed while the connection was held.
    if (takeOver()) {
      claim.release();
      return 'joined';
    }
    if (await joined(claim, join)) return 'joined';
    claim.release();
    if (connection.hasLeft) return 'left';
    await new Promise((resolve) => setTimeout(resolve, NEXT_TRY_MS));
  }
  return { refused: 'upstream_failed', retryAfterS: null };
}

/** Splices; the lease is returned if that fails. */
async function joined(lease: Lease, join: ReceiveDeps['join']): Promise<boolean> {
  try {
    return await join(lease);
  } catch (error) {
    lease.release();
    throw error;
  }
}
