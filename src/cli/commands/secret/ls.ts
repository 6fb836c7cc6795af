/** `tenement secret ls`: lists the secrets of a tenant, without their values. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { UNKNOWN } from '../../output/format.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../../output/io.ts';
import { type Column, dateOf } from '../../output/table.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

type LsOptions = GlobalOptions & { readonly wide?: boolean; readonly json?: boolean };

const COLUMNS: readonly Column[] = [
  { heading: 'SECRET' },
  { heading: 'VERSION', rank: 2 },
  { heading: 'SOURCE' },
  { heading: 'CHANGED', rank: 1, brief: dateOf },
  { heading: 'NEEDED BY', rank: 3, minWidth: 10 },
];

export function lsCommand(secret: Command, io: CliIo): void {
  takesWide(secret.command('ls').description('list the secrets of a tenant, without their values'))
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
  await printTable(io, options, COLUMNS, rows);
}
