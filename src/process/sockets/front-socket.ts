/** The socket at which a front server on this machine reaches the proxy. Its group says who may connect. */
import { rmSync } from 'node:fs';
import { Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { privateDir } from '../../core/service/socket-path.ts';
import { ensureSocketDirs } from '../storage/directories.ts';
import { grantAccess, isSameFile, listenInPlace } from './public-socket.ts';

/** The kernel caps it at net.core.somaxconn. */
const BACKLOG = 4096;
const MODE = 0o660;

export interface FrontSocketOptions {
  readonly path: string;
  /** Group that may connect. */
  readonly group: number;
  /** Gets each connection, paused and unread. */
  onConnection(socket: Socket): void;
  /** Called when it cannot accept for a while, for example because no descriptors are left. */
  onError(error: Error): void;
}

/**
 * Listens, in place of what an earlier server left.
 * @returns a function that ends that, and removes the path
 * @throws {Error} when it cannot listen
 */
export function openFrontSocket({ path, group, onConnection, onError }: FrontSocketOptions): () => void {
  ensureSocketDirs(dirname(path));
  const bindName = `${privateDir(dirname(path), process.getuid?.() ?? 0)}/proxy.new`;
  rmSync(bindName, { force: true });
  const server = new Server({ allowHalfOpen: true, pauseOnConnect: true }, onConnection);
  server.on('error', onError);
  const prepare = () => grantAccess(bindName, { socketMode: MODE, socketGroup: group });
  const file = listenInPlace(server, { bindName, path, backlog: BACKLOG, prepare });
  return () => {
    if (isSameFile(path, file)) rmSync(path, { force: true });
    server.close();
  };
}
