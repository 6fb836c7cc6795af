/** The beginning of an archive: its manifest, and its secrets if it has some. */
import { promisify } from 'node:util';
import { createZstdDecompress, zstdCompress } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import type { ArchiveHead } from '../core/archive/copies.ts';
import { MANIFEST_NAME, SECRETS_NAME } from '../core/archive/entry-rules.ts';
import { TenementError } from '../errors.ts';

const PRIVATE = 0o600;
/** Two blocks of zeros, which would end the archive. */
const END_BYTES = 1024;
/** A manifest with thousands of variables is smaller. */
const MAX_PART_BYTES = 4 * 1024 ** 2;
/** What may be decompressed before the directory begins. */
const MAX_HEAD_BYTES = 16 * 1024 ** 2;
const compress = promisify(zstdCompress);

/** Returns it as a whole frame of Zstandard, which others may follow. */
export async function headOf(head: ArchiveHead): Promise<Uint8Array> {
  return compress(await plainHeadOf(head));
}

/** Returns it as tar without an end, which further entries may follow. */
export async function plainHeadOf({ manifest, secrets }: ArchiveHead): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, text] of [
    [MANIFEST_NAME, manifest],
    ...(secrets === null ? [] : [[SECRETS_NAME, secrets] as const]),
  ] as const)
    tar.entry({ name, mode: PRIVATE }, text);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  const bytes = Buffer.concat(chunks);
  return bytes.subarray(0, bytes.length - END_BYTES);
}

/**
 * Reads it, and no more of the stream than is needed.
 * @returns the head, and the whole stream from its first byte on
 * @throws {TenementError} `bad_archive`
 */
export async function readHead(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ head: ArchiveHead; stream: AsyncIterable<Uint8Array> }> {
  const source = stream[Symbol.asyncIterator]();
  const reader = new HeadReader();
  const kept: Uint8Array[] = [];
  try {
    while (!reader.isOver) {
      const { value, done } = await source.next();
      if (done === true) reader.end();
      else {
        kept.push(value);
        reader.push(value);
      }
      await reader.idle();
    }
  } finally {
    reader.close();
  }
  return { head: reader.head, stream: replayed(kept, source) };
}

async function* replayed(kept: readonly Uint8Array[], source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* kept;
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}

class HeadReader {
  private readonly zstd = createZstdDecompress();
  private readonly tar = extract();
  private readonly parts = new Map<string, string>();
  private readonly over = Promise.withResolvers<void>();
  private failure: TenementError | null = null;
  private bytes = 0;
  isOver = false;

  constructor() {
    this.tar.on('entry', (header, source, next) => {
      const { name, size } = header;
      const isPart = (name === MANIFEST_NAME && this.parts.size === 0) || name === SECRETS_NAME;
      if (!isPart || this.parts.has(name)) return this.settle(null);
      if (size > MAX_PART_BYTES) return this.settle(refused(`its ${name} is too large`));
      const chunks: Uint8Array[] = [];
      source.on('data', (chunk) => chunks.push(chunk as Uint8Array));
      source.on('end', () => {
        this.parts.set(name, Buffer.concat(chunks).toString());
        next();
      });
    });
    this.tar.on('error', () => this.settle(refused('it is damaged or cut off')));
    this.zstd.on('error', () => this.settle(refused('it is damaged, cut off, or no archive')));
    this.zstd.on('end', () => this.settle(null));
    this.zstd.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (this.bytes > MAX_HEAD_BYTES + MAX_PART_BYTES) this.settle(refused('it does not begin with a manifest'));
      else if (!this.isOver) this.tar.write(chunk);
    });
  }

  /** @throws {TenementError} `bad_archive` */
  get head(): ArchiveHead {
    if (this.failure !== null) throw this.failure;
    const manifest = this.parts.get(MANIFEST_NAME);
    if (manifest === undefined) throw refused('it does not begin with a manifest');
    return { manifest, secrets: this.parts.get(SECRETS_NAME) ?? null };
  }

  push(chunk: Uint8Array): void {
    this.written = new Promise((resolve) => void this.zstd.write(chunk, () => resolve()));
  }

  end(): void {
    this.written = this.over.promise;
    this.zstd.end();
  }

  /** Settles when all that was pushed is read, or more is not needed. */
  async idle(): Promise<void> {
    await Promise.race([this.written, this.over.promise]);
  }

  close(): void {
    this.zstd.destroy();
    this.tar.destroy();
  }

  private written: Promise<void> = Promise.resolve();

  private settle(failure: TenementError | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.failure = failure;
    this.over.resolve();
  }
}

function refused(why: string): TenementError {
  return new TenementError('bad_archive', `the archive is refused: ${why}`);
}
