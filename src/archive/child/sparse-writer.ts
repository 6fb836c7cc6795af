/**
 * Files with large holes. Node cannot ask where the holes are (lseek(2), SEEK_HOLE), so GNU tar does it: its entry, in the
 * format PAX 1.0, is passed on under the file's name.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extract, type Header } from 'tar-stream';
import type { Entry, TarWriter } from './tar-writer.ts';

/** Where the program finds the file, whatever its name, and though the name may lead elsewhere by now. */
const FILE = '/proc/self/fd/3';
const WORDS = ['--format=pax', '--sparse', '--dereference', '--create', '--file=-', FILE];
const MAJOR = 'GNU.sparse.major';
const REAL_SIZE = 'GNU.sparse.realsize';

/** Returns how many bytes it has; null: it cannot be written so, and nothing was. */
export async function writeSparse(
  fd: number,
  entry: Entry & { readonly size: number },
  tar: TarWriter,
): Promise<number | null> {
  const program = spawn('tar', WORDS, { stdio: ['ignore', 'pipe', 'ignore', fd] });
  program.once('error', () => {});
  const from = extract();
  program.stdout?.pipe(from as unknown as NodeJS.WritableStream);
  try {
    for await (const source of from) {
      const pax = paxOf(source.header);
      if (pax === null) return null;
      const { size } = source.header;
      const keys = { [MAJOR]: '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': String(entry.name) };
      await tar.addWith({ ...entry, size, pax: { ...keys, [REAL_SIZE]: pax[REAL_SIZE] ?? '0' } }, source);
      return size;
    }
    return null;
  } finally {
    program.stdout?.destroy();
    if (program.exitCode === null && program.signalCode === null && program.pid !== undefined)
      await once(program, 'exit');
  }
}

/** Returns the extended header of a sparse file; null: it is another file. */
function paxOf({ pax }: Header): Readonly<Record<string, string>> | null {
  const keys = (pax ?? {}) as Record<string, string>;
  return keys[MAJOR] === '1' ? keys : null;
}
