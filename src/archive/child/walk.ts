/**
 * Walks a directory that changes meanwhile. One directory is open at a time, whatever the depth. Names are bytes: they need
 * not be UTF-8.
 */
import { lstatSync, opendirSync, type Stats } from 'node:fs';

export interface Found {
  readonly path: Buffer;
  /** Relative to the directory that is walked; empty for itself. */
  readonly name: Buffer;
  readonly stat: Stats;
}

interface Pending {
  readonly path: Buffer;
  readonly name: Buffer;
}

const SLASH = Buffer.from('/');
const BATCH = 256;

/**
 * Yields the directory, then all below it; a directory comes before what is in it.
 * @param skips names right below the directory that are passed by
 * @param onUnread called for what cannot be read
 */
export function* walk(
  dir: string,
  skips: readonly string[],
  onUnread: (name: Buffer, error: NodeJS.ErrnoException) => void,
): Generator<Found> {
  const root: Found = { path: Buffer.from(dir), name: Buffer.alloc(0), stat: lstatSync(dir) };
  yield root;
  const pending: Pending[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const within = next;
    try {
      for (const found of entriesOf(within, onUnread)) {
        if (within === root && skips.includes(found.name.toString())) continue;
        if (found.stat.dev !== root.stat.dev) {
          onUnread(found.name, new Error('is on another file system'));
          continue;
        }
        yield found;
        if (found.stat.isDirectory()) pending.push({ path: found.path, name: found.name });
      }
    } catch (error) {
      if (!isGone(error)) onUnread(within.name, error as NodeJS.ErrnoException);
    }
  }
}

function* entriesOf(dir: Pending, onUnread: Parameters<typeof walk>[2]): Generator<Found> {
  // The declared type of a name follows only the encoding of readdir.
  const open = opendirSync(dir.path as unknown as string, { encoding: 'buffer' as BufferEncoding, bufferSize: BATCH });
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
      const own = entry.name as unknown as Buffer;
      const path = Buffer.concat([dir.path, SLASH, own]);
      const name = dir.name.length === 0 ? own : Buffer.concat([dir.name, SLASH, own]);
      try {
        yield { path, name, stat: lstatSync(path) };
      } catch (error) {
        if (!isGone(error)) onUnread(name, error as NodeJS.ErrnoException);
      }
    }
  } finally {
    open.closeSync();
  }
}

/** Whether it was removed since its name was read. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
