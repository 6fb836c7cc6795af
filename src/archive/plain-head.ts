/** The beginning of a backup: tar as `plainHeadOf` writes it, with its manifest and its secrets before the directory. */
import type { ArchiveHead } from '../core/archive/copies.ts';
import { MANIFEST_NAME, SECRETS_NAME } from '../core/archive/entry-rules.ts';
import { TenementError } from '../errors.ts';

/** POSIX.1-1988, ustar: name at 0, size in octal digits at 124. */
const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const SIZE_AT = 124;
const SIZE_DIGITS = 11;
/** A manifest with thousands of variables is smaller. */
const MAX_PART_BYTES = 4 * 1024 ** 2;

/** @returns the head, and what follows it @throws {TenementError} `bad_archive` */
export async function readPlain(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ head: ArchiveHead; stream: AsyncIterable<Uint8Array> }> {
  const bytes = new Upcoming(stream);
  const manifest = await partOf(bytes, MANIFEST_NAME);
  if (manifest === null) throw refused('it does not begin with a manifest');
  const secrets = await partOf(bytes, SECRETS_NAME);
  return { head: { manifest, secrets }, stream: bytes.rest() };
}

/** Takes the next entry, if it has this name. */
async function partOf(bytes: Upcoming, name: string): Promise<string | null> {
  const header = await bytes.peek(BLOCK_BYTES);
  if (text(header.subarray(0, NAME_BYTES)) !== name) return null;
  const size = Number.parseInt(text(header.subarray(SIZE_AT, SIZE_AT + SIZE_DIGITS)), 8);
  if (!(size <= MAX_PART_BYTES)) throw refused(`its ${name} is too large`);
  const padded = Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  const entry = await bytes.peek(BLOCK_BYTES + padded);
  bytes.skip(BLOCK_BYTES + padded);
  return entry.subarray(BLOCK_BYTES, BLOCK_BYTES + size).toString();
}

/** Bytes of a stream that are looked at before they are taken. */
class Upcoming {
  private readonly source: AsyncIterator<Uint8Array>;
  private read: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.source = stream[Symbol.asyncIterator]();
  }

  /** Returns so many bytes. @throws {TenementError} `bad_archive` when the stream has less */
  async peek(bytes: number): Promise<Buffer> {
    while (this.read.length < bytes) {
      const { value, done } = await this.source.next();
      if (done === true) throw refused('it was cut off');
      this.read = Buffer.concat([this.read, value]);
    }
    return this.read.subarray(0, bytes);
  }

  skip(bytes: number): void {
    this.read = this.read.subarray(bytes);
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      if (this.read.length > 0) yield this.read;
      for (let next = await this.source.next(); next.done !== true; next = await this.source.next()) yield next.value;
    } finally {
      await this.source.return?.();
    }
  }
}

/** Up to its NUL. */
function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? field.length : end).toString('latin1');
}

function refused(why: string): TenementError {
  return new TenementError('bad_archive', `the backup is refused: ${why}`);
}
