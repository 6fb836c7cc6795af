/** The contents of a file, as many bytes as it had when it was opened. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { MIN_HOLES_BYTES } from './protocol.ts';
import { writeSparse } from './sparse-writer.ts';
import type { Entry, TarWriter } from './tar-writer.ts';

const CHUNK_BYTES = 256 * 1024;
const BLOCK_BYTES = 512;
const NOT_A_LINK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface Written {
  /** Bytes that were read. */
  readonly bytes: number;
  /** It became shorter while it was read, and the rest is zeros. */
  readonly isShort: boolean;
}

/**
 * Writes a file as an entry. Returns null when it is no file any more.
 * @throws {Error} when it cannot be opened, or is gone; nothing is written then
 */
export async function writeFile(
  path: Buffer | string,
  entry: Omit<Entry, 'size' | 'type'>,
  tar: TarWriter,
): Promise<Written | null> {
  const fd = openSync(path, NOT_A_LINK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return null;
    const file = { ...entry, type: 'file' as const, size: stat.size };
    if (holesOf(stat) >= MIN_HOLES_BYTES) {
      const bytes = await writeSparse(fd, file, tar);
      if (bytes !== null) return { bytes, isShort: false };
    }
    const read = { bytes: 0 };
    await tar.addWith(file, chunksOf(fd, stat.size, read));
    return { bytes: stat.size, isShort: read.bytes < stat.size };
  } finally {
    closeSync(fd);
  }
}

/** How many bytes of a file have no place on the disk. */
function holesOf({ size, blocks }: Stats): number {
  return size - blocks * BLOCK_BYTES;
}

function* chunksOf(fd: number, size: number, read: { bytes: number }): Generator<Buffer> {
  for (let left = size; left > 0; ) {
    const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
    const count = readOrNothing(fd, chunk);
    read.bytes += count;
    if (count === 0) chunk.fill(0);
    const part = count === 0 ? chunk : chunk.subarray(0, count);
    left -= part.length;
    yield part;
  }
}

/** An entry whose size is written must be completed, also when the disk fails. */
function readOrNothing(fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk, 0, chunk.length, null);
  } catch {
    return 0;
  }
}
