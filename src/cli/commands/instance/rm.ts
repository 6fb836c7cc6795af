/** `tenement rm`: unregisters an instance. */
import type { Command } from 'commander';
import type { ApiClient } from '../../../api/client/client.ts';
import { type InstanceName, parseInstanceName } from '../../../core/lifecycle/instance.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { assertMeant, type Confirmable, type Deletion, takesYes } from '../../confirmation.ts';
import { instanceOf, takesInstance } from '../../instance-argument.ts';
import { age, bytes, plural } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

interface RmOptions extends GlobalOptions, Confirmable {
  readonly id?: string;
  readonly purge?: boolean;
  readonly json?: boolean;
}

export function rmCommand(program: Command, io: CliIo): void {
  const rmVerb = takesInstance(program.command('rm'))
    .description('unregister an instance')
    .option('--purge', 'also delete the tenant directory, if no other service of that tenant is registered');
  takesYes(rmVerb)
    .option('--json', 'print {}')
    .action((argument: string, _options, command: Command) => rm(argument, command.optsWithGlobals<RmOptions>(), io));
}

async function rm(argument: string, options: RmOptions, io: CliIo): Promise<void> {
  const instance = instanceOf(argument, options.id);
  const fate = await withClient(options, io, (client) => remove(instance, client, options, io));
  if (options.json === true) await printJson(io, {});
  else await print(io, `${instance} removed, ${fate}`);
}

/** Returns what happened to the directory. */
async function remove(instance: InstanceName, client: ApiClient, options: RmOptions, io: CliIo): Promise<string> {
  const { tenantId } = parseInstanceName(instance);
  const others = options.purge === true ? await othersOf(instance, client) : [];
  const deletes = options.purge === true && others.length === 0;
  if (deletes) await assertMeant(options, io, async () => deletionOf(await client.get(instance), tenantId));
  await client.remove(instance, { purge: options.purge });
  if (deletes) return `the directory of ${tenantId} deleted`;
  return `the directory of ${tenantId} kept${others.length > 0 ? `: ${others.join(', ')} is registered` : ''}`;
}

/** Lists other services of the tenant. @throws {TenementError} `unknown_tenant` */
async function othersOf(instance: InstanceName, client: ApiClient): Promise<string[]> {
  const { id } = await client.get(instance);
  const all = await client.list();
  return all.filter((view) => view.id === id && view.instance !== instance).map((view) => view.instance);
}

function deletionOf(view: InstanceView, tenantId: string): Deletion {
  const { instance, storageBytes, lastActivityAt, requests } = view;
  const size = storageBytes === null ? '' : `, ${bytes(storageBytes)}`;
  const used = lastActivityAt === null ? 'never used' : `last used ${age(lastActivityAt, Date.now())} ago`;
  return {
    question:
      `Delete the directory of ${tenantId} with all its data${size}, and unregister ${instance} ` +
      `(${plural(requests, 'request')}, ${used})?`,
    subject: instance,
    instead: '`tenement rm` without --purge keeps the data',
  };
}
