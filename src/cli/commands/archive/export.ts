/** `tenement export`: writes a tenant into an archive. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../../../api/client.ts';
import type { CaptureReport } from '../../../core/archive/copies.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { TenementError } from '../../../errors.ts';
import { bytes as bytesText } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { interruptible } from './interruptible.ts';
import { readPassphrase } from './passphrase.ts';
import { ProgressLine } from './progress-line.ts';

interface ExportOptions extends GlobalOptions {
  readonly output?: string;
  readonly still?: boolean;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

const STDOUT = '-';
/** An archive holds what its tenant would show to nobody. */
const PRIVATE = 0o600;
const ASK_EVERY_MS = 1000;

export function exportCommand(program: Command, io: CliIo): void {
  program
    .command('export')
    .description('write a tenant into an archive, while it serves')
    .argument('<id>', 'the tenant')
    .option('-o, --output <file>', 'the archive; - is stdout (default: ID.tar.zst)')
    .option('--still', 'end its processes first, and hold its requests until its directory is copied')
    .option('--passphrase-file <file>', 'also write its secrets, under the passphrase in this file')
    .option('--json', 'print what is in the archive, and what it lacks, as JSON')
    .action((id: string, _options, command: Command) => run(id, command.optsWithGlobals<ExportOptions>(), io));
}

async function run(id: string, options: ExportOptions, io: CliIo): Promise<void> {
  assertTenantId(id);
  const file = options.output ?? `${id}.tar.zst`;
  assertSuits(file, options, io);
  const passphrase = await readPassphrase(options.passphraseFile);
  const { report, written } = await interruptible(io, (signal) =>
    withClient(options, io, (client) =>
      fetched(client, id, { still: options.still, passphrase }, { file, io, signal }),
    ),
  );
  if (options.json === true) return printJson(io, { file: file === STDOUT ? null : file, ...report });
  if (file !== STDOUT) await print(io, summary(id, file, report, written));
  for (const line of leftOutLines(report)) io.stderr.write(`${terminalText(line)}\n`);
}

/** @throws {TenementError} `usage` */
function assertSuits(file: string, { json }: ExportOptions, io: CliIo): void {
  if (file !== STDOUT) return;
  if (json === true) throw new TenementError('usage', '-o - and --json would both print to stdout');
  if (io.isTerminal)
    throw new TenementError('usage', 'an archive is nothing for a terminal', { hint: 'Name a file with -o FILE.' });
}

interface Target {
  readonly file: string;
  readonly io: CliIo;
  readonly signal: AbortSignal;
}

async function fetched(
  client: ApiClient,
  id: string,
  options: { still: boolean | undefined; passphrase: string | undefined },
  { file, io, signal }: Target,
): Promise<{ report: CaptureReport; written: number }> {
  const line = new ProgressLine(io);
  const asking = line.isShown ? setInterval(() => void shown(client, id, line), ASK_EVERY_MS) : undefined;
  try {
    const { bytes, report } = await client.tenants.export(id, options, signal);
    const counted = { bytes: 0 };
    if (file === STDOUT) await toStdout(counting(bytes, counted), io);
    else await toFile(counting(bytes, counted), file, report);
    return { report: report(), written: counted.bytes };
  } finally {
    clearInterval(asking);
    line.end();
  }
}

async function shown(client: ApiClient, id: string, line: ProgressLine): Promise<void> {
  const view = await client.tenants.get(id).catch(() => null);
  if (view?.operation != null) line.show(view.operation);
}

async function* counting(bytes: AsyncIterable<Uint8Array>, counted: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    counted.bytes += chunk.length;
    yield chunk;
  }
}

async function toStdout(bytes: AsyncIterable<Uint8Array>, io: CliIo): Promise<void> {
  await pipeline(Readable.from(bytes, { objectMode: false }), io.stdout, { end: false });
}

/** The file has its name when the archive is complete; until then it is beside. */
async function toFile(bytes: AsyncIterable<Uint8Array>, file: string, report: () => CaptureReport): Promise<void> {
  const part = `${file}.part`;
  try {
    await rm(part, { force: true });
    await pipeline(
      Readable.from(bytes, { objectMode: false }),
      createWriteStream(part, { mode: PRIVATE, flags: 'wx', flush: true }),
    );
    report();
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw asWritten(error, file);
  }
}

function asWritten(error: unknown, file: string): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === undefined ? error : new TenementError('export_failed', `${file} cannot be written: ${message}`);
}

function summary(id: string, file: string, { files, bytes }: CaptureReport, written: number): string {
  return `${id} exported to ${file}: ${files} files with ${bytesText(bytes)} in ${bytesText(written)}`;
}

function leftOutLines({ leftOut, leftOutCount }: CaptureReport): string[] {
  const told = leftOut.map(({ path, why }) => `note: ${JSON.stringify(path)} ${why}`);
  const more = leftOutCount - leftOut.length;
  return more > 0 ? [...told, `note: and ${more} more`] : told;
}
