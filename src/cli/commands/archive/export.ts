import type { Command } from 'commander';
import type { CaptureReport } from '../../../core/archive/copies.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { TenementError } from '../../../errors.ts';
import { bytes as bytesText, plural } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type GlobalOptions, isLocal, withClient } from '../../target.ts';
import { exported, STDOUT } from './archive-output.ts';
import { interruptible } from './interruptible.ts';
import { readPassphrase } from './passphrase.ts';

interface ExportOptions extends GlobalOptions {
  readonly output?: string;
  readonly still?: boolean;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

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
      exported(
        client,
        id,
        { still: options.still, passphrase },
        { file, io, signal, isLocal: isLocal(options, io.env) },
      ),
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

function summary(id: string, file: string, { files, bytes }: CaptureReport, written: number | null): string {
  const size = written === null ? '' : ` in ${bytesText(written)}`;
  return `${id} exported to ${file}: ${plural(files, 'file')} with ${bytesText(bytes)}${size}`;
}

function leftOutLines({ leftOut, leftOutCount }: CaptureReport): string[] {
  const told = leftOut.map(({ path, why }) => `note: ${JSON.stringify(path)} ${why}`);
  const more = leftOutCount - leftOut.length;
  return more > 0 ? [...told, `note: and ${more} more`] : told;
}
