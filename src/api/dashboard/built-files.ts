/** The files of the built dashboard, each also compressed; `npm run build` writes them to dist/dashboard. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenementError } from '../../errors.ts';

/** From a source file and a compiled one alike. */
const BUILT = fileURLToPath(new URL('../../../dist/dashboard', import.meta.url));

/** Files of other types are no part of the page. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export const ENCODINGS = ['br', 'gzip', 'identity'] as const;
export type Encoding = (typeof ENCODINGS)[number];

const SUFFIXES: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz', identity: '' };

export interface BuiltFile {
  readonly type: string;
  /** Of the content, before it is compressed. */
  readonly hash: string;
  readonly bodies: Readonly<Record<Encoding, Buffer>>;
}

/** Path below the directory, such as `assets/index-BKYrNE9d.js` → the file. */
export type BuiltFiles = ReadonlyMap<string, BuiltFile>;

/** Reads them into memory. @throws {TenementError} `not_found` when there is no built dashboard */
export async function readBuiltFiles(dir: string = BUILT): Promise<BuiltFiles> {
  const names = await namesIn(dir);
  return new Map(await Promise.all(names.map(async (name) => [name, await readBuilt(join(dir, name))] as const)));
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && extname(entry.name) in TYPES);
    return files.map(({ parentPath, name }) => relative(dir, join(parentPath, name)));
  } catch (error) {
    throw new TenementError('not_found', 'the dashboard is not built', {
      hint: 'Run `npm run build` in the checkout.',
      cause: error,
    });
  }
}

async function readBuilt(file: string): Promise<BuiltFile> {
  const [br, gzip, identity] = await Promise.all(ENCODINGS.map((encoding) => readFile(file + SUFFIXES[encoding])));
  if (br === undefined || gzip === undefined || identity === undefined) throw new Error(`${file} is incomplete`);
  return {
    type: TYPES[extname(file)] ?? '',
    hash: createHash('sha256').update(identity).digest('base64url').slice(0, 22),
    bodies: { br, gzip, identity },
  };
}
