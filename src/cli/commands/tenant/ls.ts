/** `tenement tenant ls`: lists tenants, one per line. */
import { type Command, Option } from 'commander';
import { TENANT_STATES, type TenantState } from '../../../core/tenants/tenant-state.ts';
import type { TenantQuery, TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { collectLabel } from '../../assignments.ts';
import { bytes, UNKNOWN } from '../../output/format.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../../output/io.ts';
import { stateColor } from '../../output/state-color.ts';
import { type Column, dateOf } from '../../output/table.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'TENANT' },
  { heading: 'PLAN', rank: 5 },
  { heading: 'STATE', format: stateColor },
  { heading: 'INSTANCES', rank: 1 },
  { heading: 'EXPIRES', rank: 4, brief: dateOf },
  { heading: 'REQUESTS', rank: 3 },
  { heading: 'STORAGE', rank: 2 },
];

interface LsOptions extends GlobalOptions {
  readonly plan?: string;
  readonly state?: TenantState;
  readonly label?: Record<string, string>;
  readonly wide?: boolean;
  readonly json?: boolean;
}

export function lsCommand(tenant: Command, io: CliIo): void {
  const verb = tenant
    .command('ls')
    .description('list the tenants, with their requests of this month')
    .option('--plan <name>', 'only those on this plan')
    .addOption(new Option('--state <state>', 'only those in this state').choices(TENANT_STATES))
    .option('--label <key=value>', 'only those with this label; can be repeated', collectLabel);
  takesWide(verb)
    .option('--json', 'print a JSON array')
    .action((_options, command: Command) => ls(command.optsWithGlobals<LsOptions>(), io));
}

async function ls({ plan, state, label, wide, ...options }: LsOptions, io: CliIo): Promise<void> {
  const query: TenantQuery = { plan, state, ...(label !== undefined && { labels: label }) };
  const { tenants } = await withClient(options, io, (client) => client.tenants.list(query));
  if (options.json === true) return printJson(io, tenants);
  const isFiltered = plan !== undefined || state !== undefined || label !== undefined;
  if (tenants.length > 0) return printTable(io, { ...(wide !== undefined && { wide }) }, COLUMNS, tenants.map(row));
  await print(io, isFiltered ? 'No such tenants.' : 'No tenants. Register one: tenement tenant create ID');
}

function row({ id, plan, state, instances, expiresAt, requestsThisMonth, storageBytes }: TenantView): string[] {
  const counts = [String(instances.length), expiresAt ?? UNKNOWN, String(requestsThisMonth)];
  return [id, plan ?? UNKNOWN, state, ...counts, bytes(storageBytes)];
}
