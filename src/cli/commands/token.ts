/** `tenement token`: manages access to the API over TCP. */
import type { Command } from 'commander';
import type { TokenInput } from '../../core/access/new-token.ts';
import type { TokenView } from '../../core/verbs/token-verbs.ts';
import { TenementError } from '../../errors.ts';
import { assertMeant, type Confirmable, type Deletion, takesYes } from '../confirmation.ts';
import { age, duration } from '../output/format.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../output/io.ts';
import { type Column, dateOf, largerUnit } from '../output/table.ts';
import { terminalText } from '../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../target.ts';

type TokenOptions = GlobalOptions & { readonly wide?: boolean; readonly json?: boolean };

const COLUMNS: readonly Column[] = [
  { heading: 'ID' },
  { heading: 'NAME', minWidth: 12 },
  { heading: 'SCOPE' },
  { heading: 'CAN', rank: 4 },
  { heading: 'EXPIRES', rank: 3, brief: largerUnit },
  { heading: 'LAST USED', rank: 2, brief: largerUnit },
  { heading: 'CREATED', rank: 1, brief: dateOf },
];

interface CreateOptions extends TokenOptions, Pick<TokenInput, 'scope' | 'expires'> {
  readonly can?: string;
}

export function tokenCommand(program: Command, io: CliIo): void {
  const token = program.command('token').description('create, list and revoke API tokens');
  token
    .command('create')
    .description('create a token and print it; it is not shown again')
    .argument('[name]', 'what the token is for', 'unnamed')
    .option('--scope <scope>', 'what it covers: admin, service:NAME or tenant:ID (default: admin)')
    .option(
      '--can <abilities>',
      'what it may do there: read (see), operate (start, stop, restart, sleep, logs), manage (the rest), separated by ' +
        'commas (default: everything for admin, read for others)',
    )
    .option('--expires <when>', 'when it ends: 90d, or a date (default: never)')
    .option('--json', 'print the token as JSON')
    .action((name: string, _options, command: Command) => create(name, command.optsWithGlobals<CreateOptions>(), io));
  takesWide(token.command('ls').description('list the tokens'))
    .option('--json', 'print a JSON array')
    .action((_options, command: Command) => list(command.optsWithGlobals<TokenOptions>(), io));
  const revokeVerb = token
    .command('revoke')
    .description('revoke a token, and end what it follows')
    .argument('<id>', 'the id that `token ls` shows');
  takesYes(revokeVerb)
    .option('--json', 'print {}')
    .action((id: string, _options, command: Command) =>
      revoke(id, command.optsWithGlobals<TokenOptions & Confirmable>(), io),
    );
}

async function create(name: string, options: CreateOptions, io: CliIo): Promise<void> {
  const { scope, expires } = options;
  const can = options.can?.split(',').map((word) => word.trim());
  const created = await withClient(options, io, (client) => client.createToken({ name, scope, can, expires }));
  if (options.json === true) return printJson(io, created);
  const { id, expiresAt } = created;
  const may = `may ${created.can.join(', ')} in the scope ${created.scope}`;
  const ends = expiresAt === null ? 'never expires' : `expires at ${expiresAt}`;
  // Only the text goes to stdout, so that a script can use it directly.
  io.stderr.write(`Token ${id} (${terminalText(name)}) ${may}, and ${ends}. It is not shown again:\n`);
  await print(io, created.token);
}

async function list(options: TokenOptions, io: CliIo): Promise<void> {
  const tokens = await withClient(options, io, (client) => client.listTokens());
  if (options.json === true) return printJson(io, tokens);
  if (tokens.length === 0) return print(io, 'No tokens. Create one: tenement token create NAME');
  const nowMs = Date.now();
  await printTable(
    io,
    options,
    COLUMNS,
    tokens.map((token) => row(token, nowMs)),
  );
}

function row({ id, name, scope, can, createdAt, expiresAt, lastUsedAt }: TokenView, nowMs: number): string[] {
  const used = lastUsedAt === null ? 'never' : `${age(lastUsedAt, nowMs)} ago`;
  return [id, terminalText(name), scope, can.join(','), expiry(expiresAt, nowMs), used, createdAt];
}

function expiry(at: string | null, nowMs: number): string {
  if (at === null) return 'never';
  const leftMs = Date.parse(at) - nowMs;
  return leftMs <= 0 ? 'expired' : `in ${duration(leftMs)}`;
}

async function revoke(id: string, options: TokenOptions & Confirmable, io: CliIo): Promise<void> {
  await withClient(options, io, async (client) => {
    await assertMeant(options, io, async () => deletionOf(id, await client.listTokens()));
    await client.revokeToken(id);
  });
  if (options.json === true) await printJson(io, {});
  else await print(io, `token ${id} revoked`);
}

/** @throws {TenementError} `unknown_token`: nobody is asked about a token that does not exist */
function deletionOf(id: string, tokens: readonly TokenView[]): Deletion {
  const found = tokens.find((one) => one.id === id);
  if (found === undefined) throw new TenementError('unknown_token', `there is no token ${JSON.stringify(id)}`);
  const used = found.lastUsedAt === null ? 'never used' : `last used ${age(found.lastUsedAt, Date.now())} ago`;
  return {
    question: `Revoke token ${id} (${terminalText(found.name)}, ${found.scope}, ${used})? Who uses it is locked out.`,
    subject: `token ${id}`,
  };
}
