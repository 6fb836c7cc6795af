/** The public socket: the child's own, renamed into place when it is ready (rename(2) keeps it listening). */
import { chmodSync, lstatSync, mkdirSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SocketFile } from '../core/instance.ts';

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
  if (isSocketFile(socket)) unlinkSync(socket.path);
}

/** Whether that file still has that name. */
export function isSocketFile(socket: SocketFile): boolean {
  const stat = lstatSync(socket.path, { throwIfNoEntry: false });
  return stat?.isSocket() === true && stat.dev === socket.device && stat.ino === socket.inode;
}

/** Removes a socket that an earlier server left. */
export function removeStaleSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}
