/** What the server and the programs that it runs as a tenant's user say to each other. */
import type { CopyTotals, LeftOut } from '../../core/archive/copies.ts';

/** The only argument of a program, as JSON. */
export interface CaptureTask {
  readonly dir: string;
  /** An empty directory for copies of databases. */
  readonly databasesDir: string;
  readonly withoutLinksOut: boolean;
  readonly compressed: boolean;
  /** stdout is a file. Nothing is written before stdin has ended, and all is on the disk at the end. */
  readonly intoFile: boolean;
}

export interface MakeTask {
  /** An empty directory. */
  readonly dir: string;
  readonly maxBytes: number | null;
  readonly isArchive: boolean;
}

/** One line of JSON at `MESSAGES_FD`. */
export type Message =
  /** What a capture has found, before its first byte. */
  | ({ readonly type: 'found' } & CopyTotals)
  | ({ readonly type: 'progress' } & CopyTotals)
  | ({ readonly type: 'left-out' } & LeftOut)
  /** `leftOut`: how many there are, told or not. */
  | ({ readonly type: 'done'; readonly leftOut: number } & CopyTotals)
  /** `refused`: the stream is at fault. `failed`: something else. */
  | { readonly type: 'refused' | 'failed'; readonly reason: string };

export const MESSAGES_FD = 3;
/** How many things that are left out are named. */
export const MAX_TOLD = 20;
/** An archive with more entries is refused. */
export const MAX_ENTRIES = 2_000_000;
/** Holes of a file that are smaller together are read as zeros. */
export const MIN_HOLES_BYTES = 1024 * 1024;

/** Keys of extended headers (pax) for names that are no UTF-8, in base64. */
export const RAW_PATH = 'TENEMENT.path';
export const RAW_LINK = 'TENEMENT.linkpath';
