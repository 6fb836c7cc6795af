/** `tenement secret rm`: removes a secret. */
import type { Command } from 'commander';
import { assertSecretName } from '../../../core/secrets/secret-rules.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

type RmOptions = GlobalOptions & { readonly json?: boolean };

export function rmCommand(secret: Command, io: CliIo): void {
  secret
    .command('rm')
    .description('remove a secret')
    .argument('<tenant>', 'the tenant')
    .argument('<name>', 'the name of the secret')
    .option('--json', 'print {}')
    .action((tenant: string, name: string, _options, command: Command) =>
      rm(tenant, name, command.optsWithGlobals<RmOptions>(), io),
    );
}

async function rm(tenant: string, name: string, options: RmOptions, io: CliIo): Promise<void> {
  assertTenantId(tenant);
  assertSecretName(name);
  const missing = await withClient(options, io, async (client) => {
    await client.secrets.remove(tenant, name);
    return (await client.secrets.list(tenant)).missing.find((one) => one.name === name);
  });
  if (options.json === true) await printJson(io, {});
  else await print(io, `${name} of ${tenant} removed`);
  if (missing === undefined) return;
  const instances = missing.neededBy.map((service) => `${service}:${tenant}`).join(', ');
  io.stderr.write(
    `${instances} will not start without it; a running process keeps it until it ends. ` +
      `Set it again: tenement secret set ${tenant} ${name}\n`,
  );
}
