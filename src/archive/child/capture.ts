/**
 * Writes a tenant's directory to stdout as tar: databases as SQLite copies them, the rest as it is read. It runs as the
 * tenant's user, because everything that it reads is the tenant's.
 */
import { once } from 'node:events';
import { fsyncSync, readlinkSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { DATA, END_NAME, leadsOut } from '../../core/archive/entry-rules.ts';
import { writeFile } from './contents.ts';
import { Databases, mayBeCompanion } from './databases.ts';
import { FrameCompressor } from './frame-compressor.ts';
import { fail, Progress, reasonOf, tell } from './messages.ts';
import type { CaptureTask } from './protocol.ts';
import { TarWriter } from './tar-writer.ts';
import { type Found, isGone, walk } from './walk.ts';

/** The TMPDIR of the tenant's processes. */
const SKIPPED = ['.tmp'];
const BLOCK_BYTES = 512;
const STDOUT_FD = 1;

const task = JSON.parse(process.argv[2] ?? '{}') as CaptureTask;
const progress = new Progress();
const databases = new Databases(task.databasesDir);
/** Files with several names: device and number → the first name. */
const linked = new Map<string, Buffer>();

/** Copies the databases, and counts what there is. */
async function prepare(): Promise<void> {
  const total = { files: 0, bytes: 0 };
  const maybeLeftOut: Found[] = [];
  for (const found of walk(task.dir, SKIPPED, () => {})) {
    add(total, found, 1);
    if (!found.stat.isFile()) continue;
    const why = await databases.take(found);
    if (why !== null) progress.without(String(found.name), why);
    if (mayBeCompanion(found.name)) maybeLeftOut.push(found);
  }
  for (const found of maybeLeftOut) if (databases.isCompanion(found.name)) add(total, found, -1);
  tell({ type: 'found', ...total });
}

function add(total: { files: number; bytes: number }, { stat }: Found, sign: 1 | -1): void {
  total.files += sign;
  if (stat.isFile()) total.bytes += sign * Math.min(stat.size, stat.blocks * BLOCK_BYTES);
}

async function write(tar: TarWriter): Promise<void> {
  for (const found of walk(task.dir, SKIPPED, (name, error) => progress.without(String(name), unreadable(error)))) {
    try {
      await writeFound(found, tar);
    } catch (error) {
      if (!isGone(error)) progress.without(String(found.name), unreadable(error as NodeJS.ErrnoException));
    }
  }
  const end = Buffer.from(`${JSON.stringify(progress.totals)}\n`);
  const about = {
    name: Buffer.from(END_NAME),
    type: 'file',
    mode: 0o600,
    mtime: new Date(),
    size: end.length,
  } as const;
  await tar.addWith(about, [end]);
  tar.end();
}

async function writeFound(found: Found, tar: TarWriter): Promise<void> {
  const { name, stat } = found;
  const entry = { name: name.length === 0 ? Buffer.from(DATA) : below(name), mode: stat.mode, mtime: stat.mtime };
  if (stat.isDirectory()) {
    await tar.add({ ...entry, type: 'directory' });
    progress.add(1, 0);
  } else if (stat.isSymbolicLink()) await writeLink(found, entry, tar);
  else if (stat.isFile()) await writeContents(found, entry, tar);
  else progress.without(String(name), `is ${kindOf(found)}`);
}

type Common = Pick<Parameters<TarWriter['add']>[0], 'name' | 'mode' | 'mtime'>;

async function writeLink({ path, name }: Found, entry: Common, tar: TarWriter): Promise<void> {
  const target = readlinkSync(path, { encoding: 'buffer' });
  // As latin1, which keeps the bytes that the rules are about.
  if (task.withoutLinksOut && leadsOut(name.toString('latin1'), target.toString('latin1')))
    return progress.without(String(name), 'is a link that leads out of the directory');
  await tar.add({ ...entry, type: 'symlink', target });
  progress.add(1, 0);
}

async function writeContents({ path, name, stat }: Found, entry: Common, tar: TarWriter): Promise<void> {
  if (databases.isCompanion(name)) return;
  const copy = databases.copyOf(name);
  const key = `${stat.dev}:${stat.ino}`;
  // A database under another name has another journal, so each name gets a copy.
  const hasNames = stat.nlink > 1 && copy === undefined;
  const first = hasNames ? linked.get(key) : undefined;
  if (first !== undefined) {
    await tar.add({ ...entry, type: 'link', target: first });
    return progress.add(1, 0);
  }
  const written = await writeFile(copy ?? path, entry, tar);
  if (written === null) return progress.without(String(name), 'is no file any more');
  if (hasNames) linked.set(key, entry.name);
  if (written.isShort) progress.without(String(name), 'became shorter while it was read; its end is zeros');
  progress.add(1, written.bytes);
}

function below(name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${DATA}/`), name]);
}

function kindOf({ stat }: Found): string {
  if (stat.isFIFO()) return 'a FIFO';
  return stat.isSocket() ? 'a socket' : 'a device';
}

function unreadable(error: NodeJS.ErrnoException): string {
  return error.code === undefined ? error.message : `cannot be read: ${error.code}`;
}

/** Something precedes the stream in the file. */
async function untilAllowed(): Promise<void> {
  process.stdin.resume();
  await once(process.stdin, 'end');
}

function output(): TarWriter {
  const stream = task.compressed ? new FrameCompressor() : new PassThrough();
  // Writing to a pipe waits for its reader, so all is written by then.
  stream.once('end', () => {
    if (task.intoFile) fsyncSync(STDOUT_FD);
    progress.done();
  });
  stream.pipe(process.stdout);
  return new TarWriter(stream);
}

// The server has ended, or wants no more.
process.stdout.on('error', () => process.exit(1));
try {
  await prepare();
  if (task.intoFile) await untilAllowed();
  await write(output());
} catch (error) {
  fail('failed', reasonOf(error));
}
