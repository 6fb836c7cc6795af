/** `tenement secret ls`: lists the secrets of a tenant, without their values. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { UNKNOWN } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { table } from '../../output/table.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

type LsOptions = GlobalOptions & { readonly json?: boolean };

export function lsCommand(secret: Command, io: CliIo): void {
  secret
    .command('ls')
    .description('list the secrets of a tenant, without their values')
    .argument('<tenant>', 'the tenant')
    .option('--json', 'print a JSON array')
    .action((tenant: string, _options, command: Command) => ls(tenant, command.optsWithGlobals<LsOptions>(), io));
}

async function ls(tenant: string, options: LsOptions, io: CliIo): Promise<void> {
  assertTenantId(tenant);
  const { secrets, missing } = await withClient(options, io, (client) => client.secrets.list(tenant));
  if (options.json === true) return printJson(io, secrets);
  if (secrets.length + missing.length === 0)
    return print(io, `${tenant} has no secrets. Set one: tenement secret set ${tenant} NAME`);
  const rows = [
    ...secrets.map(({ name, version, source, changedAt, neededBy }) => [
      name,
      String(version),
      source,
      changedAt,
      neededBy.join(', ') || UNKNOWN,
    ]),
    ...missing.map(({ name, neededBy }) => [name, UNKNOWN, 'missing', UNKNOWN, neededBy.join(', ')]),
  ];
  await print(io, table(['SECRET', 'VERSION', 'SOURCE', 'CHANGED', 'NEEDED BY'], rows));
}
