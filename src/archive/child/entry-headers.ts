/** What the headers of an entry say, extended ones (pax) included. */
import type { Header } from 'tar-stream';
import { DATA } from '../../core/archive/entry-rules.ts';
import { RAW_LINK, RAW_PATH } from './protocol.ts';
import { EntryRefusal } from './refusals.ts';

/** Names are read so, because each byte then is one character. Those of extended headers are UTF-8. */
export const NAME_ENCODING = 'latin1';
const SPARSE = 'GNU.sparse.';
const PERMISSIONS = 0o7777;
const MAX_SECONDS = 2 ** 31 - 1;

export interface EntryHead {
  /** Without a slash at the end. */
  readonly name: Buffer;
  readonly kind: Header['type'] | null;
  readonly mode: number;
  readonly mtime: Date;
  readonly target: Buffer;
  readonly size: number;
  /** Size of a file with holes; null: it has none. */
  readonly realSize: number | null;
}

/** @throws {EntryRefusal} for holes in a format other than PAX 1.0 */
export function readHead(header: Header): EntryHead {
  const pax = (header.pax ?? {}) as Readonly<Record<string, string>>;
  const isSparse = Object.keys(pax).some((key) => key.startsWith(SPARSE));
  if (isSparse && pax[`${SPARSE}major`] !== '1') throw new EntryRefusal('has holes in a format that is not known');
  const path = isSparse ? pax[`${SPARSE}name`] : pax['path'];
  return {
    name: withoutEnds(bytesOf(pax[RAW_PATH], path, header.name)),
    kind: header.type,
    mode: Number.isInteger(header.mode) ? header.mode & PERMISSIONS : 0o600,
    mtime: timeOf(header.mtime),
    target: bytesOf(pax[RAW_LINK], pax['linkpath'], header.linkname ?? ''),
    size: header.size,
    realSize: isSparse ? Number(pax[`${SPARSE}realsize`]) : null,
  };
}

/** Returns the name relative to the tenant's directory, empty for itself; null: the entry is elsewhere. */
export function nameInData(name: Buffer): Buffer | null {
  if (name.equals(Buffer.from(DATA))) return Buffer.alloc(0);
  const prefix = Buffer.from(`${DATA}/`);
  return name.subarray(0, prefix.length).equals(prefix) ? name.subarray(prefix.length) : null;
}

function bytesOf(raw: string | undefined, extended: string | undefined, plain: string): Buffer {
  if (raw !== undefined) return Buffer.from(raw, 'base64');
  return extended === undefined ? Buffer.from(plain, NAME_ENCODING) : Buffer.from(extended);
}

/** Removes `./` and one slash at the end, which tar(1) writes. */
function withoutEnds(name: Buffer): Buffer {
  const from = name.subarray(0, 2).toString() === './' ? 2 : 0;
  const to = name.length > from && name.at(-1) === 0x2f ? name.length - 1 : name.length;
  return name.subarray(from, to);
}

function timeOf(time: Date): Date {
  const seconds = time.getTime() / 1000;
  return new Date(Math.min(Math.max(Number.isFinite(seconds) ? seconds : 0, 0), MAX_SECONDS) * 1000);
}
