/** `tenement tenant create`: registers a tenant and starts its services. */
import type { Command } from 'commander';
import { hasStartFailed } from '../../../core/lifecycle/start-outcome.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { CreateTenantOptions } from '../../../core/verbs/tenant-verbs.ts';
import { collectLabel, collectVariable } from '../../assignments.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import { assertProvisioned, StartFailure } from '../../output/start-failure.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { domainsOf, instancesOf, tenantLines } from './tenant-text.ts';

interface CreateOptions extends GlobalOptions {
  readonly service?: readonly string[];
  readonly domain?: readonly string[];
  readonly plan?: string;
  readonly expires?: string;
  readonly label?: Record<string, string>;
  readonly env?: Record<string, string>;
  readonly start: boolean;
  readonly wait: boolean;
  readonly json?: boolean;
}

export function createCommand(tenant: Command, io: CliIo): void {
  tenant
    .command('create')
    .description('register a tenant, start its services and wait until they are ready')
    .argument('<id>', 'the tenant')
    .option('--service <name>', 'a service to start for it (default: the default service); can be repeated', collect)
    .option('--plan <name>', 'its plan (default: the default plan)')
    .option('--domain <name>', 'a domain of its own, for example shop.example.com; can be repeated', collect)
    .option('--expires <date>', 'when its time ends: 2026-12-31, 30d, now or never')
    .option('--label <key=value>', 'note something about it; can be repeated', collectLabel)
    .option('--env <name=value>', 'set a variable for all its instances; can be repeated', collectVariable)
    .option('--no-start', 'register it without starting it')
    .option('--no-wait', 'do not wait until it is ready')
    .option('--json', 'print the tenant as JSON')
    .action((id: string, _options, command: Command) => create(id, command.optsWithGlobals<CreateOptions>(), io));
}

function collect(name: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, name];
}

async function create(id: string, options: CreateOptions, io: CliIo): Promise<void> {
  assertTenantId(id);
  const { view, created, instances, domains } = await withClient(options, io, async (client) => {
    const made = await client.tenants.create(id, asked(options));
    return { ...made, instances: await instancesOf(made.view, client), domains: await domainsOf(made.view, client) };
  });
  if (options.json === true) await printJson(io, view);
  const failed = options.start && options.wait ? instances.find((one) => hasStartFailed(one, created)) : undefined;
  if (options.wait && view.state === 'provisioning') assertProvisioned(view);
  if (failed !== undefined && view.state === 'active') throw new StartFailure(failed);
  if (options.json !== true) await print(io, tenantLines(view, { instances, domains }, tableSpace(io)));
}

function asked({ service, domain, plan, expires, label, env, start, wait }: CreateOptions): CreateTenantOptions {
  return {
    ...(service !== undefined && { services: service }),
    ...(domain !== undefined && { domains: domain }),
    ...(plan !== undefined && { plan }),
    ...(expires !== undefined && { expires }),
    ...(label !== undefined && { labels: label }),
    ...(env !== undefined && { env }),
    start,
    wait,
  };
}
