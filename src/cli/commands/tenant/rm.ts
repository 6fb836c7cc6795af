/** `tenement tenant rm`: stops and unregisters a tenant with all its instances. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { TenementError } from '../../../errors.ts';
import { bytes, plural } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

interface RmOptions extends GlobalOptions {
  readonly purge?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function rmCommand(tenant: Command, io: CliIo): void {
  tenant
    .command('rm')
    .description('stop and unregister a tenant with all its instances')
    .argument('<id>', 'the tenant')
    .option('--purge', 'also destroy what its hooks have made, and delete its directory and logs')
    .option('-y, --yes', 'do not ask before data are deleted')
    .option('--json', 'print {}')
    .action((id: string, _options, command: Command) => rm(id, command.optsWithGlobals<RmOptions>(), io));
}

async function rm(id: string, options: RmOptions, io: CliIo): Promise<void> {
  assertTenantId(id);
  await withClient(options, io, async (client) => {
    if (options.purge === true && options.yes !== true) {
      // Nobody is asked about a tenant that does not exist.
      await assertMeant(await client.tenants.get(id), io);
    }
    await client.tenants.remove(id, { purge: options.purge });
  });
  if (options.json === true) return printJson(io, {});
  await print(io, `${id} removed, its directory ${options.purge === true ? 'deleted' : 'kept'}`);
}

/** Asks a person for confirmation; a script is not asked. @throws {TenementError} `usage` when the answer is no */
async function assertMeant(
  { id, storageBytes, instances, domains, requestsThisMonth }: TenantView,
  io: CliIo,
): Promise<void> {
  if (io.ask === null) return;
  const size = storageBytes === null ? '' : ` (${bytes(storageBytes)})`;
  const own = [plural(instances.length, 'instance'), ...(domains.length > 0 ? [plural(domains.length, 'domain')] : [])];
  const answer = await io.ask(
    `Delete the directory of ${id} and what its hooks have made, with all data${size}, and unregister ${own.join(' and ')} ` +
      `(${plural(requestsThisMonth, 'request')} this month)? [y/N] `,
  );
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new TenementError('usage', `${id} is left as it is`, {
    hint: 'Answer y, or give --yes; `tenement tenant rm` without --purge keeps the data.',
  });
}
