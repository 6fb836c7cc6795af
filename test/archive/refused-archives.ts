/** The archives that are refused, and why. */
import { zstdCompressSync } from 'node:zlib';
import { archiveOf, endOf, type HandMadeEntry, manifest, ROOT, tarOf } from './made-archives.ts';

export interface RefusedArchive {
  readonly what: string;
  readonly bytes: () => Promise<Buffer> | Buffer;
  readonly why: RegExp;
}

const file = (name: string, more: Partial<HandMadeEntry> = {}): HandMadeEntry => ({ name, text: 'x', ...more });
const link = (name: string, linkname: string): HandMadeEntry => ({ name, type: 'symlink', linkname });
const hard = (name: string, linkname: string): HandMadeEntry => ({ name, type: 'link', linkname });
const entries = (what: string, why: RegExp, ...all: HandMadeEntry[]): RefusedArchive => ({
  what,
  why,
  bytes: () => archiveOf(all),
});
const sparse = (size: string) => ({
  'GNU.sparse.major': '1',
  'GNU.sparse.minor': '0',
  'GNU.sparse.name': 'data/holes',
  'GNU.sparse.realsize': size,
});
/** A map of one part, filled up to a block. */
const map = (text: string) => Buffer.concat([Buffer.from(text), Buffer.alloc(512 - text.length), Buffer.alloc(512, 1)]);

/** Limit of storage that the bombs exceed. */
export const MAX_BYTES = 1024 ** 2;

export const REFUSED_ENTRIES: readonly RefusedArchive[] = [
  entries('an absolute name', /"\/etc\/x" has an absolute name/, file('/etc/x')),
  entries('`..` in a name', /"data\/\.\.\/\.\.\/x" has `\.\.` in its name/, file('data/../../x')),
  entries('`..` outside of data', /has `\.\.` in its name/, file('../x')),
  entries('a name beside data', /"other\/x" is not below data/, file('other/x')),
  entries('an absolute link', /"data\/l" is a link that leads out of the directory, to \/etc/, link('data/l', '/etc')),
  entries('a link with `..` that leads out', /is a link that leads out/, link('data/l', '../x')),
  entries(
    'a link that leads out by way of another',
    /is a link that leads out/,
    link('data/s', '.'),
    link('data/l', 's/../x'),
  ),
  entries(
    'an absolute hard link',
    /"data\/l" is a hard link to "\/etc\/passwd", which is elsewhere/,
    hard('data/l', '/etc/passwd'),
  ),
  entries('a hard link with `..`', /is a hard link to a file that has `\.\.`/, hard('data/l', 'data/../../x')),
  entries('a hard link to nothing', /is a hard link to something that is no file/, hard('data/l', 'data/missing')),
  entries('a character device', /"data\/d" is a device/, { name: 'data/d', type: 'character-device' }),
  entries('a block device', /"data\/d" is a device/, { name: 'data/d', type: 'block-device' }),
  entries('a FIFO', /"data\/f" is a FIFO/, { name: 'data/f', type: 'fifo' }),
  entries('a setuid bit', /has a setuid or setgid bit/, file('data/x', { mode: 0o4755 })),
  entries('a setgid bit', /has a setuid or setgid bit/, file('data/x', { mode: 0o2755 })),
  entries('one name twice', /"data\/x" is there twice/, file('data/x'), file('data/x')),
  entries(
    'a link, then a file through it',
    /is in a directory that the archive lacks/,
    link('data/l', 'd'),
    file('data/l/x'),
  ),
  entries('a link, then a directory in its place', /is there twice/, link('data/l', 'x'), {
    name: 'data/l/',
    type: 'directory',
  }),
  entries('a file, then one below it', /is below something that is no directory/, file('data/x'), file('data/x/y')),
  entries('a file, then a link in its place', /is there twice/, file('data/x'), link('data/x', 'y')),
  entries('a file in no directory', /is in a directory that the archive lacks/, file('data/d/x')),
  entries(
    'an escape sequence in a refused name',
    /"data\/\\u001b\[2J\\n" is there twice/,
    file('data/\u001b[2J\n'),
    file('data/\u001b[2J\n'),
  ),
  entries('a name that is too long', /has a name that is too long/, file(`data/${'n'.repeat(300)}`)),
  entries(
    'a file over the limit',
    /would take more than the storage limit of 1 MB/,
    file('data/x', { text: Buffer.alloc(MAX_BYTES) }),
  ),
  entries(
    'many empty files over the limit',
    /would take more than the storage limit/,
    ...Array.from({ length: 300 }, (_, n) => file(`data/${n}`, { text: '' })),
  ),
  entries(
    'holes that contradict themselves',
    /contradicts itself/,
    file('data/holes', { pax: sparse('100'), text: map('1\n99\n512\n') }),
  ),
  entries(
    'holes of an impossible size',
    /impossible size/,
    file('data/holes', { pax: sparse('9e30'), text: map('1\n0\n512\n') }),
  ),
  entries(
    'a map of holes that never ends',
    /has too many holes/,
    file('data/holes', { pax: sparse('1000'), text: map('9999999\n0\n1\n') }),
  ),
  entries(
    'holes in an older format',
    /has holes in a format that is not known/,
    file('data/x', { pax: { 'GNU.sparse.map': '0,1' } }),
  ),
  {
    what: 'more than its end says',
    why: /counts files: 1, bytes: 0, and there are files: 2, bytes: 1/,
    bytes: async () => zstdCompressSync(await tarOf([manifest(), ROOT, file('data/x'), endOf([ROOT])])),
  },
  {
    what: 'no end',
    why: /it was cut off: its end is missing/,
    bytes: async () => zstdCompressSync(await tarOf([manifest(), ROOT, file('data/x')])),
  },
  {
    what: 'entries after its end',
    why: /it goes on after its end/,
    bytes: async () => zstdCompressSync(await tarOf([manifest(), ROOT, endOf([ROOT]), file('data/x')])),
  },
  {
    what: 'half of it',
    why: /cut off/,
    bytes: async () => {
      const whole = await archiveOf([
        file('data/x', { text: Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 7919) % 251)) }),
      ]);
      return whole.subarray(0, whole.length - 20);
    },
  },
  {
    what: 'garbage behind it',
    why: /it goes on after its end|damaged/,
    bytes: async () => Buffer.concat([await archiveOf([]), Buffer.from('garbage')]),
  },
  {
    what: 'garbage in it',
    why: /damaged or cut off/,
    bytes: async () =>
      zstdCompressSync(Buffer.concat([(await tarOf([manifest(), ROOT])).subarray(0, -1024), Buffer.alloc(2048, 7)])),
  },
];

export const REFUSED_HEADS: readonly RefusedArchive[] = [
  { what: 'nothing', bytes: () => Buffer.alloc(0), why: /does not begin with a manifest|damaged/ },
  { what: 'something else', bytes: () => Buffer.from('a text file'), why: /cut off, or no archive/ },
  {
    what: 'no manifest',
    bytes: async () => zstdCompressSync(await tarOf([ROOT])),
    why: /does not begin with a manifest/,
  },
  {
    what: 'a manifest of another version',
    bytes: () => archiveOf([], manifest({ version: 2 })),
    why: /its format has version 2, and this tenement reads version 1/,
  },
  {
    what: 'a manifest of another format',
    bytes: () => archiveOf([], manifest({ format: 'x' })),
    why: /not an archive of tenement/,
  },
  {
    what: 'a manifest without a tenant',
    bytes: () => archiveOf([], manifest({ tenant: { id: '../x' } })),
    why: /names no tenant/,
  },
  {
    what: 'a manifest with a variable that is none',
    bytes: () => archiveOf([], manifest({ tenant: { id: 'acme', env: { 'A=B': '1' } } })),
    why: /its manifest is damaged: env/,
  },
  {
    what: 'a manifest that is no JSON',
    bytes: () => archiveOf([], { name: 'manifest.json', text: '{' }),
    why: /its manifest is damaged/,
  },
  {
    what: 'a manifest of 100 MB',
    bytes: () => archiveOf([], { name: 'manifest.json', text: Buffer.alloc(100 * 1024 ** 2, 32) }),
    why: /manifest.json is too large/,
  },
  {
    what: 'a bomb in place of a manifest',
    bytes: () => zstdCompressSync(Buffer.alloc(100 * 1024 ** 2)),
    why: /does not begin with a manifest/,
  },
];
