/** `tenement clone`: makes a tenant of another one. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { CliIo } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { interruptible } from './interruptible.ts';
import { printCopy } from './new-tenant.ts';
import { followed, showOperation } from './progress-line.ts';

interface CloneOptions extends GlobalOptions {
  readonly id: string;
  readonly still?: boolean;
  readonly start: boolean;
  readonly json?: boolean;
}

export function cloneCommand(program: Command, io: CliIo): void {
  program
    .command('clone')
    .description('make a tenant of another one, while that serves')
    .argument('<tenant>', 'the tenant to copy')
    .requiredOption('--id <id>', 'the id of the new tenant')
    .option('--still', 'end the processes of the first, and hold its requests until its directory is copied')
    .option('--no-start', 'only register the new one')
    .option('--json', 'print the new tenant as JSON')
    .action((tenant: string, _options, command: Command) => run(tenant, command.optsWithGlobals<CloneOptions>(), io));
}

async function run(tenant: string, options: CloneOptions, io: CliIo): Promise<void> {
  const { id, still, start } = options;
  for (const one of [tenant, id]) assertTenantId(one);
  const made = await interruptible(io, (signal) =>
    withClient(options, io, (client) =>
      followed(client.tenants.clone(tenant, { id, still, start }, signal), io, showOperation),
    ),
  );
  await printCopy(made, 'cloned', options, io);
}
