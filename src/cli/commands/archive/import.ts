/** `tenement import`: makes a tenant of an archive. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { TenementError } from '../../../errors.ts';
import { readArchiveId } from '../../../local/archive-id.ts';
import type { CliIo } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { interruptible } from './interruptible.ts';
import { printCopy } from './new-tenant.ts';
import { readPassphrase } from './passphrase.ts';
import { followed, showOperation } from './progress-line.ts';

interface ImportOptions extends GlobalOptions {
  readonly id?: string;
  readonly service?: readonly string[];
  readonly passphraseFile?: string;
  readonly start: boolean;
  readonly json?: boolean;
}

const STDIN = '-';

export function importCommand(program: Command, io: CliIo): void {
  program
    .command('import')
    .description('make a tenant of an archive')
    .argument('<file>', 'the archive; - is stdin')
    .option('--id <id>', 'the id of the tenant (default: as in the archive)')
    .option(
      '--service <name>',
      'a service to register it with; repeat for several',
      (name: string, names: string[] = []) => [...names, name],
    )
    .option('--passphrase-file <file>', 'also take its secrets, with the passphrase in this file')
    .option('--no-start', 'only register it')
    .option('--json', 'print the tenant as JSON')
    .action((file: string, _options, command: Command) => run(file, command.optsWithGlobals<ImportOptions>(), io));
}

async function run(file: string, options: ImportOptions, io: CliIo): Promise<void> {
  if (options.id !== undefined) assertTenantId(options.id);
  const passphrase = await readPassphrase(options.passphraseFile);
  const { service: services, start } = options;
  const made = await interruptible(io, async (signal) => {
    const named = await withId(opened(file), options.id);
    return withClient(options, io, (client) =>
      followed(
        client.tenants.import(named.id, named.bytes, { services, start, passphrase }, signal),
        io,
        showOperation,
      ),
    );
  });
  await printCopy(made, 'imported', options, io);
}

async function withId(bytes: AsyncIterable<Uint8Array>, id: string | undefined) {
  return id === undefined ? readArchiveId(bytes) : { id, bytes };
}

async function* opened(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file === STDIN ? process.stdin : createReadStream(file);
  } catch (error) {
    throw new TenementError(
      'usage',
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
