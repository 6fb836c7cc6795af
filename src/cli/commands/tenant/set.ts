/** `tenement tenant set`: changes what is one tenant's own. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { TenantChanges } from '../../../core/tenants/tenant-change.ts';
import { TenementError } from '../../../errors.ts';
import { changesOf, collectLabel, collectLabelKey, collectVariable, collectVariableName } from '../../assignments.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { instancesOf, tenantLines } from './tenant-text.ts';

interface SetOptions extends GlobalOptions {
  readonly plan?: string;
  readonly expires?: string;
  readonly label?: Record<string, string>;
  readonly unlabel?: readonly string[];
  readonly env?: Record<string, string>;
  readonly unset?: readonly string[];
  readonly json?: boolean;
}

export function setCommand(tenant: Command, io: CliIo): void {
  tenant
    .command('set')
    .description('change plan, expiry, labels or variables of a tenant')
    .argument('<id>', 'the tenant')
    .option('--plan <name>', 'its plan')
    .option('--expires <date>', 'when its time ends: 2026-12-31, 30d, now or never')
    .option('--label <key=value>', 'note something about it; can be repeated', collectLabel)
    .option('--unlabel <key>', 'remove a label; can be repeated', collectLabelKey)
    .option('--env <name=value>', 'set a variable for all its instances; can be repeated', collectVariable)
    .option('--unset <name>', 'remove a variable; can be repeated', collectVariableName)
    .option('--json', 'print the tenant as JSON')
    .action((id: string, _options, command: Command) => set(id, command.optsWithGlobals<SetOptions>(), io));
}

async function set(id: string, options: SetOptions, io: CliIo): Promise<void> {
  assertTenantId(id);
  const changes = changesIn(options);
  const { view, instances } = await withClient(options, io, async (client) => {
    const changed = await client.tenants.set(id, changes);
    return { view: changed, instances: options.json === true ? [] : await instancesOf(changed, client) };
  });
  if (options.json === true) await printJson(io, view);
  else await print(io, tenantLines(view, { instances }, tableSpace(io)));
}

/** @throws {TenementError} `usage` without a change */
function changesIn({ plan, expires, label, unlabel, env, unset }: SetOptions): TenantChanges {
  const changes = { plan, expires, labels: changesOf(label, unlabel), env: changesOf(env, unset) };
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (given.length > 0) return Object.fromEntries(given);
  throw new TenementError('usage', 'nothing to change', {
    hint: 'Give --plan, --expires, --label, --unlabel, --env or --unset.',
  });
}
