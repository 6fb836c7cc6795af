/** `tenement secret rm`: removes a secret. */
import type { Command } from 'commander';
import type { ApiClient } from '../../../api/client/client.ts';
import { assertSecretName } from '../../../core/secrets/secret-rules.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { assertMeant, type Confirmable, type Deletion, takesYes } from '../../confirmation.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

type RmOptions = GlobalOptions & Confirmable & { readonly json?: boolean };

export function rmCommand(secret: Command, io: CliIo): void {
  const verb = secret
    .command('rm')
    .description('remove a secret')
    .argument('<tenant>', 'the tenant')
    .argument('<name>', 'the name of the secret');
  takesYes(verb)
    .option('--json', 'print {}')
    .action((tenant: string, name: string, _options, command: Command) =>
      rm(tenant, name, command.optsWithGlobals<RmOptions>(), io),
    );
}

async function rm(tenant: string, name: string, options: RmOptions, io: CliIo): Promise<void> {
  assertTenantId(tenant);
  assertSecretName(name);
  const missing = await withClient(options, io, async (client) => {
    await assertMeant(options, io, () => deletionOf(tenant, name, client));
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

async function deletionOf(tenant: string, name: string, client: ApiClient): Promise<Deletion> {
  const secret = (await client.secrets.list(tenant)).secrets.find((one) => one.name === name);
  const needed = secret?.neededBy.map((service) => `${service}:${tenant}`) ?? [];
  const what = secret === undefined ? '' : ` (version ${secret.version}, ${secret.source})`;
  const use = needed.length === 0 ? '' : `, which ${needed.join(', ')} cannot start without`;
  return {
    question: `Remove ${name} of ${tenant}${what}${use}? Its value cannot be read again.`,
    subject: `${name} of ${tenant}`,
  };
}
