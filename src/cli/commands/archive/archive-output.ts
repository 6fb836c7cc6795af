/** Where an exported archive goes: a file, a device or a pipe, stdout. */
import { createWriteStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ApiClient } from '../../../api/client/client.ts';
import type { CaptureReport } from '../../../core/archive/copies.ts';
import { TenementError } from '../../../errors.ts';
import type { CliIo } from '../../output/io.ts';
import { followed, ProgressLine, showOperation } from './progress-line.ts';

export const STDOUT = '-';
/** An archive holds what its tenant would show to nobody. */
const PRIVATE = 0o600;
const ASK_EVERY_MS = 1000;

export interface Target {
  readonly file: string;
  readonly io: CliIo;
  readonly signal: AbortSignal;
  /** Whether the server is on this machine. */
  readonly isLocal: boolean;
}

interface ExportTerms {
  readonly still: boolean | undefined;
  readonly passphrase: string | undefined;
}

interface Exported {
  readonly report: CaptureReport;
  /** Bytes of the file; null: it is none. */
  readonly written: number | null;
}

/** @throws {TenementError} `export_failed` when it cannot be written; what the server says */
export async function exported(
  client: ApiClient,
  id: string,
  options: ExportTerms,
  { file, io, signal, isLocal }: Target,
): Promise<Exported> {
  if (file === STDOUT) return toStdout(client, id, options, { io, signal });
  const there = await stat(file).catch(() => null);
  if (there !== null && !there.isFile()) return toSpecial(client, id, options, { file, io, signal });
  const part = `${file}.part`;
  try {
    await rm(part, { force: true });
    const handle = await open(part, 'wx', PRIVATE);
    try {
      const report = await intoFile(client, id, options, handle, { io, signal, isLocal });
      const { size } = await handle.stat();
      await rename(part, file);
      return { report, written: size };
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(part, { force: true });
    throw asWritten(error, file);
  }
}

/** A server on this machine writes the file itself. One that cannot reach it, such as one in a container, sends the archive. */
async function intoFile(
  client: ApiClient,
  id: string,
  options: ExportTerms,
  handle: FileHandle,
  { io, signal, isLocal }: Omit<Target, 'file'>,
): Promise<CaptureReport> {
  if (isLocal) {
    const { dev, ino } = await handle.stat({ bigint: true });
    const clientFile = { pid: process.pid, descriptor: handle.fd, device: `${dev}`, inode: `${ino}` };
    try {
      return await followed(client.tenants.exportInto(id, clientFile, options, signal), io, showOperation);
    } catch (error) {
      if (!(error instanceof TenementError) || error.code !== 'output_unreachable') throw error;
    }
  }
  return received(client, id, options, { io, signal }, (bytes) =>
    pipeline(bytes, handle.createWriteStream({ flush: true, autoClose: false })),
  );
}

/** A pipe or a device is written to, and not replaced by a file. */
async function toSpecial(
  client: ApiClient,
  id: string,
  options: ExportTerms,
  { file, io, signal }: Omit<Target, 'isLocal'>,
): Promise<Exported> {
  try {
    const report = await received(client, id, options, { io, signal }, (bytes) =>
      pipeline(bytes, createWriteStream(file)),
    );
    return { report, written: null };
  } catch (error) {
    throw asWritten(error, file);
  }
}

async function toStdout(
  client: ApiClient,
  id: string,
  options: ExportTerms,
  { io, signal }: Pick<Target, 'io' | 'signal'>,
): Promise<Exported> {
  const report = await received(client, id, options, { io, signal }, (bytes) =>
    pipeline(bytes, io.stdout, { end: false }),
  );
  return { report, written: null };
}

/** Shows progress while `take` reads the archive. @throws {TenementError} `export_failed` when it is not whole */
async function received(
  client: ApiClient,
  id: string,
  options: ExportTerms,
  { io, signal }: Pick<Target, 'io' | 'signal'>,
  take: (bytes: Readable) => Promise<void>,
): Promise<CaptureReport> {
  const line = new ProgressLine(io);
  const asking = line.isShown ? setInterval(() => void shown(client, id, line), ASK_EVERY_MS) : undefined;
  try {
    const { bytes, report } = await client.tenants.export(id, options, signal);
    await take(Readable.from(bytes, { objectMode: false }));
    return report();
  } finally {
    clearInterval(asking);
    line.end();
  }
}

async function shown(client: ApiClient, id: string, line: ProgressLine): Promise<void> {
  const view = await client.tenants.get(id).catch(() => null);
  if (view?.operation != null) line.show(view.operation);
}

function asWritten(error: unknown, file: string): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === undefined ? error : new TenementError('export_failed', `${file} cannot be written: ${message}`);
}
