/**
 * How the proxy accepts connections. libuv accepts one connection per turn of the event loop from a listening socket.
 * So while hundreds are busy, and turns are long, new ones wait for seconds in the kernel's queue; measured, 512 of
 * them 2.9 s. Several sockets on one port are accepted from in parallel.
 */

import cluster from 'node:cluster';
import type { Server } from 'node:http';
import { createServer as createNetServer, Server as NetServer } from 'node:net';
import type { ListenAddress } from '../../core/service/service.ts';
import { TenementError } from '../../errors.ts';

/** With Node's own 511, a burst of connections waits a second for the second SYN; the kernel caps this at somaxconn. */
const BACKLOG = 4096;
export interface Listeners {
  readonly address: ListenAddress;
  /** Stops accepting; settles when all connections are closed. */
  close(): Promise<void>;
}

/**
 * Listens. @param sockets number of sockets: with 16 the last of 512 busy connections waited 0.7 s, with 64 0.4 s
 * @throws {TenementError} `listen_failed`
 */
export async function listen(server: Server, address: ListenAddress, sockets: number): Promise<Listeners> {
  try {
    const servers = [server, ...helpersOf(server, sockets)];
    // A port that others listen on could be shared unnoticed, so it is first tried alone.
    const bound = sharesPort(servers) ? await tryAlone(address) : address;
    const [first = bound] = await Promise.all(servers.map((one) => listenOne(one, bound, sharesPort(servers))));
    return { address: first, close: async () => void (await Promise.all(servers.map(stopAccepting))) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
    throw new TenementError('listen_failed', `the proxy cannot listen on ${address.host}:${address.port}: ${why}`);
  }
}

/** Workers share one socket, so that a hanging worker gets no connection. */
function helpersOf(server: Server, sockets: number): NetServer[] {
  if (cluster.isWorker || process.platform !== 'linux') return [];
  const take = (socket: unknown) => server.emit('connection', socket);
  return Array.from({ length: sockets - 1 }, () => createNetServer({ allowHalfOpen: true, noDelay: true }, take));
}

function sharesPort(servers: readonly NetServer[]): boolean {
  return servers.length > 1;
}

async function tryAlone(address: ListenAddress): Promise<ListenAddress> {
  const server = new NetServer();
  const bound = await listenOne(server, address, false);
  await stopAccepting(server);
  return bound;
}

function listenOne(server: NetServer, { host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG, reusePort }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve({ host, port: typeof bound === 'object' && bound !== null ? bound.port : port });
    });
  });
}

/** http's own close would destroy connections whose last response is written but not yet sent. */
function stopAccepting(server: NetServer): Promise<void> {
  return new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
}
