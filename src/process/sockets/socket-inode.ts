/**
 * Connects to a socket by its inode. A tenant may replace the file at its SOCKET_PATH at any moment, and connect(2) by
 * that name would follow a link to any socket of the host.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** From Linux's fcntl.h; Node does not export it. The same on amd64 and arm64. */
const O_PATH = 0o10000000;
const NO_LINK = O_PATH | constants.O_NOFOLLOW;

/**
 * Calls `connect` with a name of the socket at `path`. The name leads to that socket only, wherever `path` leads by
 * then. It is valid until `connect` returns: Node calls connect(2) within its own `connect`.
 * @throws {Error} ENOENT and others of open(2); ENOTSOCK when a link or another file is there
 */
export function bySocketInode<T>(path: string, connect: (name: string) => T): T {
  if (process.platform !== 'linux') return connect(path);
  const fd = openSync(path, NO_LINK);
  try {
    if (!fstatSync(fd).isSocket()) throw notASocket(path);
    return connect(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function notASocket(path: string): Error {
  return Object.assign(new Error(`connect ENOTSOCK ${path}`), { code: 'ENOTSOCK' });
}
