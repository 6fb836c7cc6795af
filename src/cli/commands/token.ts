/** `tenement token`: manages access to the API over TCP. */
import type { Command } from 'commander';
import { table } from '../output/format.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { type GlobalOptions, withClient } from '../target.ts';

type TokenOptions = GlobalOptions & { readonly json?: boolean };

export function tokenCommand(program: Command, io: CliIo): void {
  const token = program.command('token').description('create, list and revoke API tokens');
  token
    .command('create')
    .description('create a token and print it; it is not shown again')
    .argument('[name]', 'what the token is for', 'unnamed')
    .option('--json', 'print the token as JSON')
    .action((name: string, _options, command: Command) => create(name, command.optsWithGlobals<TokenOptions>(), io));
  token
    .command('ls')
    .description('list the tokens')
    .option('--json', 'print a JSON array')
    .action((_options, command: Command) => list(command.optsWithGlobals<TokenOptions>(), io));
  token
    .command('revoke')
    .description('revoke a token')
    .argument('<id>', 'the id that `token ls` shows')
    .option('--json', 'print {}')
    .action((id: string, _options, command: Command) => revoke(id, command.optsWithGlobals<TokenOptions>(), io));
}

async function create(name: string, options: TokenOptions, io: CliIo): Promise<void> {
  const created = await withClient(options, io, (client) => client.createToken(name));
  if (options.json === true) return printJson(io, created);
  // Only the text goes to stdout, so that a script can use it directly.
  io.stderr.write(`Token ${created.id} (${created.name}); it is not shown again:\n`);
  await print(io, created.token);
}

async function list(options: TokenOptions, io: CliIo): Promise<void> {
  const tokens = await withClient(options, io, (client) => client.listTokens());
  if (options.json === true) return printJson(io, tokens);
  if (tokens.length === 0) return print(io, 'No tokens. Create one: tenement token create NAME');
  const rows = tokens.map(({ id, name, createdAt }) => [id, name, createdAt]);
  await print(io, table(['ID', 'NAME', 'CREATED'], rows));
}

async function revoke(id: string, options: TokenOptions, io: CliIo): Promise<void> {
  await withClient(options, io, (client) => client.revokeToken(id));
  if (options.json === true) await printJson(io, {});
  else await print(io, `token ${id} revoked`);
}
