/** The public socket: the child's own, renamed into place when it is ready (rename(2) keeps it listening). */
import { chmodSync, lstatSync, mkdirSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';

/** Which file it is, whatever its name. */
export interface SocketFile {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}

/** @throws {Error} when it cannot be moved, or is no longer a socket. */
export function publishSocket(bindSocket: string, publicSocket: string, mode: number): SocketFile {
  const stat = lstatSync(bindSocket);
  // A health check may have taken a while; chmod would follow a link that has been laid since.
  if (!stat.isSocket()) throw new Error(`${bindSocket} is not a socket`);
  chmodSync(bindSocket, mode);
  mkdirSync(dirname(publicSocket), { recursive: true });
  renameSync(bindSocket, publicSocket);
  return { path: publicSocket, device: stat.dev, inode: stat.ino };
}

/** Removes it, unless something else has taken its name since. */
export function withdrawSocket(socket: SocketFile): void {
  const stat = lstatSync(socket.path, { throwIfNoEntry: false });
  if (stat?.dev === socket.device && stat.ino === socket.inode) unlinkSync(socket.path);
}

/** Removes a socket that an earlier server left. */
export function removeStaleSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}
