/**
 * How the proxy accepts connections. libuv accepts one connection a turn of the event loop from a listening socket. While
 * hundreds of connections are busy and a turn is long, new ones wait in the kernel's queue for seconds: 2.9 s with 512 of
 * them, as measured. Several sockets on one port are accepted from side by side.
 */

import cluster from 'node:cluster';
import { createServer, type Server, type Socket } from 'node:net';
import type { ListenAddress } from '../../core/service/service.ts';
import { TenementError } from '../../errors.ts';
import { confine } from '../../faults.ts';
import type { Logger } from '../../logger.ts';

/** With Node's own 511 a burst of connections waits a second for its second SYN. The kernel caps this at somaxconn. */
const BACKLOG = 4096;

export interface Listeners {
  readonly address: ListenAddress;
  /** Accepts no more; settles when all connections are closed. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Sockets that share the port. With 16 of them the last of 512 busy connections waited 0.7 s, with 64 0.4 s. */
  readonly sockets: number;
  readonly logger: Logger;
  /** Gets each connection. What it throws ends that connection. */
  onConnection(socket: Socket): void;
}

/** @throws {TenementError} `listen_failed` */
export async function listen(address: ListenAddress, options: ListenOptions): Promise<Listeners> {
  try {
    const count = sharesPort() ? options.sockets : 1;
    const reusePort = count > 1;
    // Others that listen on a shared port would go unnoticed, so the port is tried alone first.
    const bound = reusePort ? await tryAlone(address) : address;
    const servers = Array.from({ length: count }, () => acceptor(options));
    const [first = bound] = await Promise.all(servers.map((server) => listenOne(server, bound, reusePort)));
    return { address: first, close: async () => void (await Promise.all(servers.map(closed))) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
    throw new TenementError('listen_failed', `the proxy cannot listen on ${address.host}:${address.port}: ${why}`);
  }
}

/** Workers share one socket, so that no connection is handed to a worker that hangs. */
function sharesPort(): boolean {
  return !cluster.isWorker && process.platform === 'linux';
}

function acceptor({ onConnection, logger }: ListenOptions): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  confine(server, logger);
  return server;
}

async function tryAlone(address: ListenAddress): Promise<ListenAddress> {
  const server = createServer();
  const bound = await listenOne(server, address, false);
  await closed(server);
  return bound;
}

function listenOne(server: Server, { host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG, reusePort }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve({ host, port: typeof bound === 'object' && bound !== null ? bound.port : port });
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
