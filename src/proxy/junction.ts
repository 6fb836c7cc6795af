/** A client's connection joined to a tenant's socket, byte for byte, until either side ends. */
import { connect, type Socket } from 'node:net';
import type { Upstream } from '../core/ports.ts';
import type { Lease } from '../core/serving.ts';
import { confineWith, inside } from '../faults.ts';
import { takeTurns } from './turn.ts';
import { connectOptions, FULL_BACKLOG_WAIT_MS } from './upstream-address.ts';

/**
 * What is quiet for so long after the tenant spoke last is taken for an open connection without a request: from then on
 * it is like one that was made to the tenant's socket straight away. Bytes do not tell where a response ends.
 */
const QUIET_MS = 1000;
/** The client closes its side of a connection that the tenant has ended. */
const LINGER_MS = 5000;

/**
 * Connects, then joins. `takeHeld` is called once they are joined, and returns what was read of the client. Settles
 * with false when the tenant takes no connection.
 */
export async function joinUpstream(client: Socket, lease: Lease, takeHeld: () => Buffer[]): Promise<boolean> {
  const upstream = await connectPatiently(lease.upstream, client);
  if (upstream === null) return false;
  join(client, upstream, lease, takeHeld());
  return true;
}

async function connectPatiently(where: Upstream, client: Socket): Promise<Socket | null> {
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

function join(client: Socket, upstream: Socket, lease: Lease, held: readonly Buffer[]): void {
  watchQuiet(client, upstream, lease);
  const over = () => {
    lease.release();
    upstream.destroy();
    client.destroySoon();
  };
  client.once('close', over);
  upstream.once('close', over);
  upstream.once('end', () => client.setTimeout(LINGER_MS, () => client.destroy()));
  for (const bytes of held) upstream.write(bytes);
  client.pipe(upstream);
  upstream.pipe(client);
  takeTurns(client, upstream);
  takeTurns(upstream, client);
}

/** A drain waits for a request, but not for a connection that is merely open. */
function watchQuiet(client: Socket, upstream: Socket, lease: Lease): void {
  let answered = false;
  const look = () => {
    if (answered) lease.release();
    else timer.refresh();
  };
  const timer = setTimeout(inside(client, look), QUIET_MS);
  timer.unref();
  client.on('data', () => {
    answered = false;
  });
  upstream.on('data', () => {
    answered = true;
    timer.refresh();
  });
  upstream.once('close', () => clearTimeout(timer));
}
