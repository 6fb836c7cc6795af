/** `tenement tenant stop` and `start`: an operator's stop of all instances of a tenant, and its end. */
import type { Command } from 'commander';
import type { ApiClient } from '../../../api/client/client.ts';
import { hasStartFailed } from '../../../core/lifecycle/start-outcome.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import { StartFailure } from '../../output/start-failure.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { instancesOf, tenantLines } from './tenant-text.ts';

interface VerbOptions extends GlobalOptions {
  readonly wait?: boolean;
  readonly json?: boolean;
}

type Call = (client: ApiClient, id: string, options: VerbOptions) => Promise<TenantView>;

export function stopCommand(tenant: Command, io: CliIo): void {
  verb(tenant, io, 'stop', 'stop all instances of a tenant until it is started', (client, id) =>
    client.tenants.stop(id),
  );
}

export function startCommand(tenant: Command, io: CliIo): void {
  verb(tenant, io, 'start', 'start all instances of a tenant and wait until they are ready', (client, id, { wait }) =>
    client.tenants.start(id, { wait }),
  ).option('--no-wait', 'do not wait until they are ready');
}

function verb(tenant: Command, io: CliIo, name: 'stop' | 'start', description: string, call: Call): Command {
  return tenant
    .command(name)
    .description(description)
    .argument('<id>', 'the tenant')
    .option('--json', 'print the tenant as JSON')
    .action(async (id: string, _options, command: Command) => {
      assertTenantId(id);
      const options = command.optsWithGlobals<VerbOptions>();
      const { view, instances } = await withClient(options, io, async (client) => {
        const after = await call(client, id, options);
        return { view: after, instances: await instancesOf(after, client) };
      });
      if (options.json === true) await printJson(io, view);
      const isWaitedFor = name === 'start' && options.wait !== false;
      const failed = isWaitedFor ? instances.find((one) => hasStartFailed(one, true)) : undefined;
      if (failed !== undefined) throw new StartFailure(failed);
      if (options.json !== true) await print(io, tenantLines(view, { instances }, tableSpace(io)));
    });
}
