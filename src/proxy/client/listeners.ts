/**
 * How the proxy accepts connections. libuv accepts one connection a turn of the event loop from a listening socket. While
 * hundreds of connections are busy and a turn is long, new ones wait in the kernel's queue for seconds: 2.9 s with 512 of
 * them, as measured. Several sockets on one port are accepted from side by side.
 */

import cluster from 'node:cluster';
import { createServer, type Server, type Socket } from 'node:net';
import type { ListenTarget } from '../../core/service/listen-target.ts';
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
  /** Sockets that share the port, or handles of inherited sockets. With 16 of them the last of 512 busy connections waited 0.7 s, with 64 0.4 s. */
  readonly sockets: number;
  readonly logger: Logger;
  /** Gets each connection. What it throws ends that connection. */
  onConnection(socket: Socket): void;
}

/** @throws {TenementError} `listen_failed` */
export async function listen(target: ListenTarget, options: ListenOptions): Promise<Listeners> {
  try {
    return await (target.openSockets === undefined ? bind(target, options) : takeOver(target, options));
  } catch (error) {
    if (error instanceof TenementError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
    throw new TenementError('listen_failed', `the proxy cannot listen on ${target.host}:${target.port}: ${why}`);
  }
}

async function bind(address: ListenAddress, options: ListenOptions): Promise<Listeners> {
  const count = sharesPort() ? options.sockets : 1;
  const reusePort = count > 1;
  // Others that listen on a shared port would go unnoticed, so the port is tried alone first.
  const { host, port } = reusePort ? await tryAlone(address) : address;
  return listenAll(
    Array.from({ length: count }, () => ({ host, port, reusePort })),
    options,
  );
}

/**
 * Accepts from sockets that listen already. All handles of a socket wake for each connection, and one of them gets it. That
 * costs no more than sockets that share a port: the last of 512 busy connections waited 0.2 s to 0.7 s with either.
 */
function takeOver({ openSockets, host, port }: ListenTarget, options: ListenOptions): Promise<Listeners> {
  const fds = openSockets?.(sharesPort() ? options.sockets : 1) ?? [];
  return listenAll(
    fds.map((fd) => ({ host, port, fd })),
    options,
  );
}

/** What one handle accepts from: the address, or `fd`, which listens there. */
interface Place extends ListenAddress {
  readonly reusePort?: boolean;
  readonly fd?: number;
}

async function listenAll(places: readonly Place[], options: ListenOptions): Promise<Listeners> {
  const servers = places.map((place) => ({ place, server: acceptor(options) }));
  const [first = { host: '', port: 0 }] = await Promise.all(
    servers.map(({ place, server }) => listenOne(server, place)),
  );
  return { address: first, close: async () => void (await Promise.all(servers.map(({ server }) => closed(server)))) };
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
  const bound = await listenOne(server, address);
  await closed(server);
  return bound;
}

function listenOne(server: Server, { host, port, ...more }: Place): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // With `fd`, Node takes no backlog from the options, and 511 would replace systemd's.
    server.listen({ port, host, backlog: BACKLOG, ...more }, BACKLOG, () => {
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
