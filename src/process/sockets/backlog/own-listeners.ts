/** Finds the descriptors of Unix sockets on which this process listens, which Node does not tell. */
import { descriptorsOf, openedAs } from '../../proc/proc.ts';
import { listeners, unixTable } from '../unix-sockets.ts';

/** Returns descriptors by the path that was bound, wherever the socket's file has been moved since. */
export function ownListeners(): Map<string, number> {
  const paths = listeners(unixTable('self'));
  const found = new Map<string, number>();
  for (const fd of descriptorsOf(process.pid)) {
    const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(openedAs(process.pid, fd)) ?? [];
    const path = paths.get(inode);
    if (path !== undefined) found.set(path, fd);
  }
  return found;
}
