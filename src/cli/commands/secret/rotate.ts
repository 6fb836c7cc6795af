/** `tenement secret rotate`: gives a generated secret a new value. */
import type { Command } from 'commander';
import { assertSecretName } from '../../../core/secrets/secret-rules.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

type RotateOptions = GlobalOptions & { readonly json?: boolean };

export function rotateCommand(secret: Command, io: CliIo): void {
  secret
    .command('rotate')
    .description('give a generated secret a new value')
    .argument('<tenant>', 'the tenant')
    .argument('<name>', 'the name of the secret')
    .option('--json', 'print the secret as JSON, without its value')
    .action((tenant: string, name: string, _options, command: Command) =>
      rotate(tenant, name, command.optsWithGlobals<RotateOptions>(), io),
    );
}

async function rotate(tenant: string, name: string, options: RotateOptions, io: CliIo): Promise<void> {
  assertTenantId(tenant);
  assertSecretName(name);
  const view = await withClient(options, io, (client) => client.secrets.rotate(tenant, name));
  if (options.json === true) return printJson(io, view);
  await print(io, `${name} of ${tenant} has version ${view.version}`);
}
