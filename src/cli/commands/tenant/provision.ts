/** `tenement tenant provision`: tries at once what of a tenant's hooks is incomplete. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import { assertProvisioned } from '../../output/start-failure.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { instancesOf, tenantLines } from './tenant-text.ts';

export function provisionCommand(tenant: Command, io: CliIo): void {
  tenant
    .command('provision')
    .description('try at once what of the hooks or the purge of a tenant is incomplete')
    .argument('<id>', 'the tenant')
    .option('--json', 'print the tenant as JSON')
    .action((id: string, _options, command: Command) =>
      provision(id, command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), io),
    );
}

async function provision(id: string, options: GlobalOptions & { json?: boolean }, io: CliIo): Promise<void> {
  assertTenantId(id);
  const { before, view, instances } = await withClient(options, io, async (client) => {
    const present = await client.tenants.get(id);
    const after = await client.tenants.provision(id);
    return { before: present, view: after, instances: await instancesOf(after, client) };
  });
  if (options.json === true) await printJson(io, view);
  assertProvisioned(view);
  if (options.json === true) return;
  if (before.provisioning?.action === 'destroy' && instances.length === 0) return print(io, `${id} is purged`);
  await print(io, tenantLines(view, { instances }, tableSpace(io)));
}
