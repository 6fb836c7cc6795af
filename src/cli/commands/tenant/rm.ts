/** `tenement tenant rm`: stops and unregisters a tenant with all its instances. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { assertMeant, type Confirmable, type Deletion, takesYes } from '../../confirmation.ts';
import { bytes, plural } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

interface RmOptions extends GlobalOptions, Confirmable {
  readonly purge?: boolean;
  readonly json?: boolean;
}

export function rmCommand(tenant: Command, io: CliIo): void {
  const verb = tenant
    .command('rm')
    .description('stop and unregister a tenant with all its instances')
    .argument('<id>', 'the tenant')
    .option('--purge', 'also destroy what its hooks have made, and delete its directory and logs');
  takesYes(verb)
    .option('--json', 'print {}')
    .action((id: string, _options, command: Command) => rm(id, command.optsWithGlobals<RmOptions>(), io));
}

async function rm(id: string, options: RmOptions, io: CliIo): Promise<void> {
  assertTenantId(id);
  await withClient(options, io, async (client) => {
    const deletionOf = options.purge === true ? purge : removal;
    await assertMeant(options, io, async () => deletionOf(await client.tenants.get(id)));
    await client.tenants.remove(id, { purge: options.purge });
  });
  if (options.json === true) return printJson(io, {});
  await print(io, `${id} removed, its directory ${options.purge === true ? 'deleted' : 'kept'}`);
}

function purge(view: TenantView): Deletion {
  const { id, storageBytes, requestsThisMonth } = view;
  const size = storageBytes === null ? '' : ` (${bytes(storageBytes)})`;
  return {
    question:
      `Delete the directory of ${id} and what its hooks have made, with all data${size}, and unregister ${whatGoes(view)} ` +
      `(${plural(requestsThisMonth, 'request')} this month)?`,
    subject: id,
    instead: '`tenement tenant rm` without --purge keeps the data',
  };
}

function removal(view: TenantView): Deletion {
  const { id, requestsThisMonth } = view;
  const requests = plural(requestsThisMonth, 'request');
  return {
    question: `Unregister ${id} with ${whatGoes(view)} (${requests} this month)? Its secrets go, too; its directory stays.`,
    subject: id,
    instead: '`tenement tenant stop` only stops it',
  };
}

function whatGoes({ instances, domains }: TenantView): string {
  const own = [plural(instances.length, 'instance'), ...(domains.length > 0 ? [plural(domains.length, 'domain')] : [])];
  return own.join(' and ');
}
