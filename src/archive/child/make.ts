/**
 * Makes a directory of the tar stream on stdin. The stream comes from outside, so this runs as the user of the tenant that
 * is to be, and refuses whatever is not plainly a file in the directory.
 */
import { createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import type { CopyTotals } from '../../core/archive/copies.ts';
import { END_NAME, MANIFEST_NAME, SECRETS_NAME } from '../../core/archive/entry-rules.ts';
import { Budget } from './budget.ts';
import { type EntryHead, NAME_ENCODING, nameInData, readHead } from './entry-headers.ts';
import { fail, Progress, reasonOf } from './messages.ts';
import { NewFiles } from './new-files.ts';
import type { MakeTask } from './protocol.ts';
import { EntryRefusal, Refusal } from './refusals.ts';

const MAX_END_BYTES = 1000;
const MAX_SHOWN_CHARACTERS = 200;
const KINDS: Readonly<Record<string, string>> = {
  'character-device': 'a device',
  'block-device': 'a device',
  fifo: 'a FIFO',
};

const task = JSON.parse(process.argv[2] ?? '{}') as MakeTask;
const progress = new Progress();
const budget = new Budget(task.maxBytes);
const files = new NewFiles(task.dir, budget, { keepsLinksOut: !task.isArchive });
/** Parts of an archive that the server reads. */
const passedBy: readonly string[] = task.isArchive ? [MANIFEST_NAME, SECRETS_NAME] : [];

async function readAll(): Promise<void> {
  const tar = extract({ filenameEncoding: NAME_ENCODING } as object);
  const input = decoded((error) => tar.destroy(error));
  input.stream.pipe(tar as unknown as NodeJS.WritableStream);
  let isOver = false;
  for await (const source of tar) {
    const head = read(source.header);
    if (isOver) throw new Refusal('it goes on after its end');
    if (String(head.name) === END_NAME) {
      assertComplete(await textOf(source));
      isOver = true;
    } else await take(head, source);
  }
  if (!isOver) throw new Refusal('it was cut off: its end is missing');
  input.assertAllRead();
  files.finish();
}

function read(header: Parameters<typeof readHead>[0]): EntryHead {
  return about(header.name, () => readHead(header));
}

async function take(head: EntryHead, contents: AsyncIterable<unknown>): Promise<void> {
  const name = nameInData(head.name);
  if (name === null && passedBy.includes(String(head.name)))
    return void (await textOf(contents, Number.POSITIVE_INFINITY));
  budget.addEntry();
  await aboutAsync(String(head.name), async () => {
    if (name === null) throw new EntryRefusal(elsewhere(head));
    await makeEntry({ ...head, name }, contents);
  });
  progress.add(1, head.size);
}

/** @throws {EntryRefusal} */
async function makeEntry(head: EntryHead, contents: AsyncIterable<unknown>): Promise<void> {
  const { kind, target, realSize, name } = head;
  if (kind === 'file') return files.file(head, contents, realSize);
  // Others have no contents, but their headers may say so.
  await textOf(contents, 0);
  if (kind === 'directory') return name.length === 0 ? undefined : files.directory(head);
  if (kind === 'symlink') return files.symbolicLink(head, target);
  if (kind !== 'link') throw new EntryRefusal(`is ${KINDS[kind ?? ''] ?? 'of an unknown kind'}`);
  const first = nameInData(target);
  if (first === null) throw new EntryRefusal(`is a hard link to ${shown(String(target))}, which is elsewhere`);
  files.furtherName(head, first);
}

function elsewhere({ name }: EntryHead): string {
  const text = name.toString('latin1');
  if (text.startsWith('/')) return 'has an absolute name';
  return text.split('/').includes('..') ? 'has `..` in its name' : 'is not below data/';
}

/** Counts what comes in: what follows compressed data is not reported otherwise. */
function decoded(onError: (error: Error) => void) {
  const { stdin } = process;
  stdin.on('error', onError);
  if (!task.isArchive) return { stream: stdin, assertAllRead: () => {} };
  let received = 0;
  stdin.on('data', (chunk) => {
    received += chunk.length;
  });
  const stream = createZstdDecompress();
  stream.on('error', (error) => onError(new Refusal(`it is damaged or cut off: ${error.message}`)));
  stdin.pipe(stream);
  const assertAllRead = () => {
    if (stream.bytesWritten < received) throw new Refusal('it goes on after its end');
  };
  return { stream, assertAllRead };
}

/** @throws {Refusal} */
function assertComplete(text: string): void {
  const { files: count, bytes } = progress.totals;
  let end: Partial<CopyTotals>;
  try {
    end = JSON.parse(text);
  } catch {
    throw new Refusal(`its ${END_NAME} is damaged`);
  }
  if (end.files === count && end.bytes === bytes) return;
  throw new Refusal(
    `its ${END_NAME} counts files: ${end.files}, bytes: ${end.bytes}, and there are files: ${count}, bytes: ${bytes}`,
  );
}

async function textOf(contents: AsyncIterable<unknown>, maxBytes = MAX_END_BYTES): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of contents as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new EntryRefusal('has contents that do not belong to it');
    if (maxBytes === MAX_END_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function about<Value>(name: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw named(name, error);
  }
}

async function aboutAsync(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw named(name, error);
  }
}

function named(name: string, error: unknown): unknown {
  return error instanceof EntryRefusal ? new Refusal(`${shown(name)} ${error.message}`) : error;
}

/** As in JSON, so that no name is taken for something else. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, MAX_SHOWN_CHARACTERS));
}

/** Errors of the library that reads tar, which are the stream's fault. */
function isOfStream(error: unknown): boolean {
  return (
    error instanceof Error && !('syscall' in error) && /tar header|header|Unexpected end of data/i.test(error.message)
  );
}

process.umask(0);
try {
  await readAll();
  progress.done();
} catch (error) {
  if (error instanceof Refusal || error instanceof EntryRefusal) fail('refused', error.message);
  if (isOfStream(error)) fail('refused', `it is damaged or cut off: ${reasonOf(error)}`);
  fail('failed', reasonOf(error));
}
