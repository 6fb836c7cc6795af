/** `tenement domain`: domains of tenants' own. */
import type { Command } from 'commander';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import type { DomainView } from '../../../core/verbs/domain-verbs.ts';
import { assertMeant, type Confirmable, type Deletion, takesYes } from '../../confirmation.ts';
import { type CliIo, print, printJson, tableSpace, takesWide } from '../../output/io.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { domainLines, domainTable } from './domain-text.ts';

interface Options extends GlobalOptions {
  readonly json?: boolean;
}

interface LsOptions extends Options {
  readonly wide?: boolean;
}

interface AddOptions extends Options {
  readonly service?: string;
  readonly verify?: boolean;
}

interface ChoosingOptions extends Options {
  readonly tenant?: string;
}

type RmOptions = ChoosingOptions & Confirmable;

const WHOSE = 'whose it is, if several tenants ask for one that nobody has yet';

export function domainCommand(program: Command, io: CliIo): void {
  const domain = program
    .command('domain')
    .description('give tenants domains of their own, and list, verify and remove them');
  domain
    .command('add')
    .description('route a domain to a tenant')
    .argument('<id>', 'the tenant')
    .argument('<domain>', 'the domain, for example shop.example.com')
    .option('--service <name>', 'the service that it leads to (default: the default service)')
    .option('--verify', 'route it only once a TXT record proves that it belongs to the tenant')
    .option('--json', 'print the domain as JSON')
    .action((id: string, name: string, _options, command: Command) =>
      add(id, name, command.optsWithGlobals<AddOptions>(), io),
    );
  takesWide(domain.command('ls').description('list the domains'))
    .argument('[id]', 'only those of this tenant')
    .option('--json', 'print a JSON array')
    .action((id: string | undefined, _options, command: Command) => ls(id, command.optsWithGlobals<LsOptions>(), io));
  domain
    .command('show')
    .description('show what a domain does, with its certificate')
    .argument('<domain>', 'the domain')
    .option('--tenant <id>', WHOSE)
    .option('--json', 'print the domain as JSON')
    .action((name: string, _options, command: Command) => show(name, command.optsWithGlobals<ChoosingOptions>(), io));
  domain
    .command('verify')
    .description('look for the TXT record of a domain now')
    .argument('<domain>', 'the domain')
    .option('--tenant <id>', WHOSE)
    .option('--json', 'print the domain as JSON')
    .action((name: string, _options, command: Command) => verify(name, command.optsWithGlobals<ChoosingOptions>(), io));
  const rmVerb = domain
    .command('rm')
    .description('take a domain away from its tenant')
    .argument('<domain>', 'the domain')
    .option('--tenant <id>', WHOSE);
  takesYes(rmVerb)
    .option('--json', 'print {}')
    .action((name: string, _options, command: Command) => rm(name, command.optsWithGlobals<RmOptions>(), io));
}

async function add(id: string, name: string, options: AddOptions, io: CliIo): Promise<void> {
  assertTenantId(id);
  const { service, verify: isProved } = options;
  const asked = { ...(service !== undefined && { service }), ...(isProved !== undefined && { verify: isProved }) };
  const { view } = await withClient(options, io, (client) => client.domains.add(id, name, asked));
  if (options.json === true) await printJson(io, view);
  else await print(io, domainLines(view));
}

async function ls(id: string | undefined, options: LsOptions, io: CliIo): Promise<void> {
  if (id !== undefined) assertTenantId(id);
  const domains = await withClient(options, io, async (client) => {
    // Nobody takes a mistyped tenant for one without domains.
    if (id !== undefined) await client.tenants.get(id);
    return client.domains.list({ tenant: id });
  });
  if (options.json === true) return printJson(io, domains);
  if (domains.length > 0) return print(io, domainTable(domains, tableSpace(io, options.wide)));
  await print(io, `No domains. Add one: tenement domain add ${id ?? 'ID'} shop.example.com`);
}

async function show(name: string, options: ChoosingOptions, io: CliIo): Promise<void> {
  const view = await withClient(options, io, (client) => client.domains.get(name, chosen(options)));
  if (options.json === true) await printJson(io, view);
  else await print(io, domainLines(view));
}

async function verify(name: string, options: ChoosingOptions, io: CliIo): Promise<void> {
  const view = await withClient(options, io, (client) => client.domains.verify(name, chosen(options)));
  if (options.json === true) await printJson(io, view);
  else await print(io, domainLines(view));
}

async function rm(name: string, options: RmOptions, io: CliIo): Promise<void> {
  await withClient(options, io, async (client) => {
    await assertMeant(options, io, async () => deletionOf(await client.domains.get(name, chosen(options))));
    await client.domains.remove(name, chosen(options));
  });
  if (options.json === true) await printJson(io, {});
  else await print(io, `${name} removed`);
}

function deletionOf({ name, service, tenant, state }: DomainView): Deletion {
  const outcome =
    state === 'active' ? `Requests for it no longer reach ${service}:${tenant}.` : 'It is not active yet.';
  return { question: `Take ${terminalText(name)} away from ${tenant}? ${outcome}`, subject: terminalText(name) };
}

function chosen({ tenant }: ChoosingOptions) {
  return tenant === undefined ? {} : { tenant };
}
