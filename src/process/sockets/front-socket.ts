/** The socket at which a front server on this machine reaches the proxy. Its group says who may connect. */
import { randomBytes } from 'node:crypto';
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

export interface FrontSocket {
  /** The path that it was bound to. */
  readonly bindName: string;
  /** Stops listening, and leaves the path as it is: another descriptor keeps the socket open. */
  leave(): void;
  /** Stops listening, and removes the path; nothing after `leave`. */
  close(): void;
}

/** Listens, in place of what an earlier server left. @throws {Error} when it cannot listen */
export function openFrontSocket({ path, group, onConnection, onError }: FrontSocketOptions): FrontSocket {
  ensureSocketDirs(dirname(path));
  // Another name each time tells this socket from one that an earlier server has left.
  const bindName = `${privateDir(dirname(path), process.getuid?.() ?? 0)}/p${randomBytes(2).toString('hex')}`;
  rmSync(bindName, { force: true });
  const server = new Server({ allowHalfOpen: true, pauseOnConnect: true }, onConnection);
  server.on('error', onError);
  const prepare = () => grantAccess(bindName, { socketMode: MODE, socketGroup: group });
  const file = listenInPlace(server, { bindName, path, backlog: BACKLOG, prepare });
  return {
    bindName,
    leave: () => void server.close(),
    close() {
      if (!server.listening) return;
      if (isSameFile(path, file)) rmSync(path, { force: true });
      server.close();
    },
  };
}
