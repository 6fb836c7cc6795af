/**
 * A socket by its inode. A tenant may exchange what lies at its SOCKET_PATH at any moment: connect(2) by that name would
 * follow a link to whichever socket of the host it leads to.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** Of Linux (fcntl.h), which Node does not name. The same on amd64 and arm64. */
const O_PATH = 0o10000000;
const NO_LINK = O_PATH | constants.O_NOFOLLOW;

/**
 * Calls `connect` with a name of the socket that lies at `path`. The name leads to that socket only, wherever `path` leads
 * by then, and is good until `connect` returns: Node calls connect(2) within its own `connect`.
 * @throws {Error} ENOENT and others of open(2); ENOTSOCK when a link or anything else lies there
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
