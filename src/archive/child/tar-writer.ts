/** Writes a tar stream entry by entry, no faster than it is read. Names are bytes. */
import type { Writable } from 'node:stream';
import { pack } from 'tar-stream';
import { RAW_LINK, RAW_PATH } from './protocol.ts';

export interface Entry {
  readonly name: Buffer;
  readonly type: 'file' | 'directory' | 'symlink' | 'link';
  readonly mode: number;
  readonly mtime: Date;
  readonly size?: number;
  /** Target of a link. */
  readonly target?: Buffer;
  /** Further keys of the extended header (pax). */
  readonly pax?: Readonly<Record<string, string>>;
}

/** tar writes seconds since 1970 in 33 bits; the library in 31. */
const MAX_SECONDS = 2 ** 31 - 1;
/** The library takes a mode of 0 for none. */
const REGULAR = 0o100000;
const PERMISSIONS = 0o777;

export class TarWriter {
  private readonly tar = pack();

  /** @param to gets the stream, and is ended with it */
  constructor(to: Writable) {
    this.tar.pipe(to as unknown as Parameters<typeof this.tar.pipe>[0]);
  }

  /** Writes an entry without contents. */
  add(entry: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.tar.entry(headerOf(entry), (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Writes an entry with `size` bytes of contents, which are to be exactly as many. */
  async addWith(entry: Entry, contents: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    const sink = this.tar.entry(headerOf(entry), (error) => (error ? reject(error) : resolve()));
    for await (const chunk of contents) if (!sink.write(chunk)) await drained(sink);
    sink.end(undefined);
    await done;
  }

  end(): void {
    this.tar.finalize();
  }
}

function drained(sink: { once(event: 'drain', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => void sink.once('drain', resolve));
}

function headerOf({ name, type, mode, mtime, size = 0, target, pax = {} }: Entry) {
  const raw = { ...rawOf(RAW_PATH, name), ...(target !== undefined && rawOf(RAW_LINK, target)), ...pax };
  const seconds = Math.min(Math.max(Math.floor(mtime.getTime() / 1000), 0), MAX_SECONDS);
  return {
    name: type === 'directory' ? `${name}/` : String(name),
    type,
    mode: REGULAR | (mode & PERMISSIONS),
    mtime: new Date(seconds * 1000),
    size,
    ...(target !== undefined && { linkname: String(target) }),
    ...(Object.keys(raw).length > 0 && { pax: raw }),
  };
}

/** tar takes names for UTF-8. Others are also written as they are. */
function rawOf(key: string, name: Buffer): Record<string, string> {
  return Buffer.from(String(name)).equals(name) ? {} : { [key]: name.toString('base64') };
}
