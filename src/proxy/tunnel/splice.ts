/** A client's connection spliced to a tenant's socket, byte for byte, until either side ends or they part. */
import { connect, type Socket } from 'node:net';
import type { Lease } from '../../core/admission/serving.ts';
import type { Upstream } from '../../core/ports.ts';
import { confineWith, inside } from '../../faults.ts';
import { paceTransfer } from '../exchange/transfer-budget.ts';
import { connectOptions, FULL_BACKLOG_WAIT_MS } from '../upstream/upstream-address.ts';
import { RequestTracker } from './request-tracker.ts';

/**
 * After this time of silence since the tenant's last byte, the connection counts as open without a request. It is then
 * treated like a direct connection to the tenant's socket.
 */
const QUIET_MS = 1000;
/** How long the client may take to close a connection that the tenant has ended. */
const LINGER_MS = 5000;

/** Connects to the tenant; null when the tenant accepts no connection, or the client has left. */
export async function connectUpstream(where: Upstream, client: Socket): Promise<Socket | null> {
  while (!client.destroyed) {
    const socket = await connectTo(where, client);
    if (socket !== 'full') return socket;
    await new Promise((resolve) => setTimeout(resolve, FULL_BACKLOG_WAIT_MS));
  }
  return null;
}

function connectTo(where: Upstream, client: Socket): Promise<Socket | 'full' | null> {
  return new Promise((resolve) => {
    const socket = connect({ ...connectOptions(where), allowHalfOpen: true });
    confineWith(client, socket);
    socket.once('close', () => resolve(null));
    socket.once('connect', () => resolve(socket));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN' ? 'full' : null));
  });
}

export interface SpliceOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly lease: Lease;
  /** Returns another lease for the same process, while it accepts requests. */
  claimAgain(): Lease | null;
  /** Bytes read from the client before the splice. */
  readonly held: readonly Buffer[];
  /** The tenant's side is gone, and the client waits for nothing. The client's socket is paused, without listeners. */
  onParted(): void;
  /** Called in any case at the end. */
  onOver(): void;
}

export class Splice {
  private readonly options: SpliceOptions;
  private readonly tracker = new RequestTracker();
  private readonly quiet: NodeJS.Timeout;
  /** null after a time of silence, until the next request. */
  private lease: Lease | null;
  private readonly undo: (() => void)[];
  private readonly stopCounting: () => void;
  private isAnswered = false;
  private isLeaving = false;

  constructor(options: SpliceOptions) {
    const { client, upstream, held } = options;
    this.options = options;
    this.lease = options.lease;
    this.quiet = setTimeout(
      inside(client, () => this.lookWhetherQuiet()),
      QUIET_MS,
    ).unref();
    const heldBytes = held.reduce((sum, { length }) => sum + length, 0);
    this.stopCounting = countConnection(options.lease, client, heldBytes);
    client.once('close', this.over);
    upstream.once('close', this.onUpstreamClosed).once('end', this.onUpstreamEnd);
    for (const bytes of held) upstream.write(bytes);
    this.tracker.asked(Buffer.concat(held));
    client.pipe(upstream);
    upstream.pipe(client, { end: false });
    this.undo = [paceTransfer(client, upstream), paceTransfer(upstream, client)];
    // Registered after the pipes, so that observed bytes have been passed on.
    client.on('data', this.onAsked);
    upstream.on('data', this.onAnswered);
  }

  /** Parts between two requests, at once or after the current one, because the process gets no further request. */
  leave(): void {
    this.isLeaving = true;
    if (this.tracker.isBetween) this.part();
  }

  private readonly onAsked = (bytes: Buffer): void => {
    this.isAnswered = false;
    this.tracker.asked(bytes);
    if (this.lease !== null || !this.tracker.isAsked) return;
    this.lease = this.options.claimAgain();
    this.quiet.refresh();
  };

  private readonly onAnswered = (bytes: Buffer): void => {
    this.isAnswered = true;
    this.quiet.refresh();
    this.tracker.answered(bytes);
    if (this.isLeaving && this.tracker.isBetween) this.part();
  };

  /** A drain waits for a request, but not for a connection that is merely open. */
  private lookWhetherQuiet(): void {
    if (this.isAnswered && !this.tracker.isAsked) this.release();
    else if (this.lease !== null) this.quiet.refresh();
  }

  private release(): void {
    this.lease?.release();
    this.lease = null;
  }

  private readonly onUpstreamEnd = (): void => {
    const { client } = this.options;
    // A client that keeps its connection would otherwise meet the end of the tenant's connection at its next request.
    if (this.tracker.isBetween) return this.part();
    client.end();
    client.setTimeout(LINGER_MS, () => client.destroy());
  };

  private readonly onUpstreamClosed = (): void => {
    if (this.tracker.isBetween) this.part();
    else this.over();
  };

  private readonly over = (): void => {
    const { client } = this.options;
    this.detach();
    client.destroySoon();
  };

  private part(): void {
    const { client, onParted } = this.options;
    if (client.destroyed || client.readableEnded) return this.over();
    this.detach();
    onParted();
  }

  private detach(): void {
    const { client, upstream, onOver } = this.options;
    clearTimeout(this.quiet);
    this.stopCounting();
    client.pause().unpipe(upstream).off('close', this.over).off('data', this.onAsked);
    upstream.unpipe(client).off('data', this.onAnswered);
    upstream.off('close', this.onUpstreamClosed).off('end', this.onUpstreamEnd);
    for (const undo of this.undo) undo();
    upstream.destroy();
    this.release();
    onOver();
  }
}

/** Counts a connection as one request, whatever passes on it. @param heldBytes read from the client before */
function countConnection({ traffic }: Lease, client: Socket, heldBytes: number): () => void {
  const { bytesRead, bytesWritten } = client;
  traffic.requests += 1;
  return traffic.follow(client, { bytesRead: bytesRead - heldBytes, bytesWritten });
}
